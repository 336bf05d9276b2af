// Processes, namespaces, credentials.
#pragma once

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

// The flags as the unsigned numbers that clone3 takes. Swift imports CLONE_NEWUSER and the other macros with other types.
static const uint64_t c_new_mount = 0x00020000, c_new_cgroup = 0x02000000, c_new_uts = 0x04000000, c_new_ipc = 0x08000000,
                      c_new_user = 0x10000000, c_new_pid = 0x20000000, c_new_network = 0x40000000, c_new_time = 0x00000080;
static const uint64_t c_clone_pidfd = 0x00001000, c_clone_parent = 0x00008000, c_clone_into_cgroup = 0x200000000ULL;

/// clone3(2) without a new stack: returns twice, as fork does. `cgroup` is used only with CLONE_INTO_CGROUP. The kernel writes
/// the pid to `number`, unless that is null, before the process runs.
static inline pid_t c_clone3(uint64_t flags, int *_Nullable pidfd, int cgroup, pid_t *_Nullable number) {
    struct clone_args arguments = {
        .flags = flags | (number ? CLONE_PARENT_SETTID : 0),
        .pidfd = (uintptr_t)pidfd,
        .parent_tid = (uintptr_t)number,
        // With CLONE_PARENT the kernel uses the signal that was given when the caller was made, and requires 0 here.
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
        .cgroup = flags & 0x200000000ULL ? (uint64_t)cgroup : 0,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

/// Makes a child of the caller's parent, whose pid the kernel writes before the child runs.
static const uint64_t c_sibling_flags = CLONE_PARENT | CLONE_PARENT_SETTID;
/// Makes a process that shares the caller's memory.
static const uint64_t c_clone_memory = CLONE_VM;

/// mmap(2) of a stack for another process, or for this one to continue on; null with errno. The stack is large enough for every
/// process of the program, and has an inaccessible page below it.
void *_Nullable c_stack_make(void);

/// clone3(2) of a process that runs `body` on another stack. `body` must not return.
pid_t c_clone_onto_stack(
    void *stack, uint64_t flags, int *pidfd, int cgroup, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);

/// clone(2) with `c_sibling_flags` of a process that runs `body` on another stack. clone3 isn't used, because seccomp filters
/// can't read its arguments and usually answer it with ENOSYS. The kernel writes the pid to `number`.
pid_t c_clone_sibling_onto_stack(
    void *stack, pid_t *_Nonnull number, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);

/// Runs `body`, which must not return, on another stack.
_Noreturn void c_continue_on_stack(void *stack, void (*_Nonnull body)(void *_Nonnull), void *_Nonnull context);

/// Withholds memory from processes that are cloned later: everything that was allocated before `c_allocation_begin`, in the
/// release program the stack that it began on, with its arguments and environment, and Host's part of the program, and the given
/// stack. -1 with errno.
int c_memory_withhold(void *stack);

/// Unmaps Host's part of the program (program/hostpart.c). The caller must be able to go on without it. -1 with errno.
int c_host_part_drop(void);

/// Withholds Host's part of the program from processes that are cloned later. -1 with errno.
int c_host_part_withhold(void);

/// Puts a copy in the place of Host's part, which until then is mapped from the program's file. -1 with errno.
int c_host_part_copy(void);

/// Unmaps the memory that c_memory_withhold withholds. The caller must run on another stack and refer to nothing in that memory. -1 with errno.
int c_memory_drop(void *stack);

static inline int c_setns(int descriptor, int type) { return (int)syscall(SYS_setns, descriptor, type); }
static inline int c_unshare(uint64_t flags) { return (int)syscall(SYS_unshare, (long)flags); }
static inline int c_pidfd_open(pid_t pid, unsigned int flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }
/// pidfd_getfd(2): a copy of another process's descriptor, close-on-exec.
static inline int c_pidfd_getfd(int pidfd, int descriptor) { return (int)syscall(SYS_pidfd_getfd, pidfd, descriptor, 0); }
static inline int c_pidfd_send_signal(int pidfd, int number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, (void *)0, 0);
}
/// waitid(2): waits for the end of a child, and stores its status in the form of wait(2). -1 with errno.
static inline int c_wait_pidfd(int pidfd, int *status) {
    siginfo_t information = {0};
    if (syscall(SYS_waitid, 3 /* P_PIDFD */, pidfd, &information, WEXITED, (void *)0) < 0) return -1;
    *status = information.si_code == CLD_EXITED ? information.si_status << 8 : information.si_status;
    return 0;
}

/// waitid(2) with WNOHANG and WNOWAIT: whether the process is a child of the caller that isn't reaped yet.
static inline int c_is_child(int pidfd) {
    siginfo_t information = {0};
    return syscall(SYS_waitid, 3 /* P_PIDFD */, pidfd, &information, WEXITED | WNOHANG | WNOWAIT, (void *)0) == 0;
}

/// NS_GET_NSTYPE of ioctl_ns(2): the namespace's CLONE_NEW… flag, or -1.
static inline int64_t c_namespace_kind(int descriptor) {
    int kind = ioctl(descriptor, 0xb703 /* NS_GET_NSTYPE */);
    return kind < 0 ? -1 : (int64_t)(uint32_t)kind;
}
static inline int c_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}
static inline long c_keyctl(int command, uintptr_t a, uintptr_t b, uintptr_t c) {
    return syscall(SYS_keyctl, command, a, b, c);
}

/// capget(2) and capset(2) of the calling thread, each set as one number.
static inline int c_capget(uint64_t *effective, uint64_t *permitted, uint64_t *inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) < 0) return -1;
    *effective = data[0].effective | (uint64_t)data[1].effective << 32;
    *permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    *inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return 0;
}

static inline int c_capset(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)}};
    return (int)syscall(SYS_capset, &header, data);
}

// glibc's functions of these names apply a change to all threads. This program has one thread and calls the kernel directly.
static inline int c_setgroups(unsigned long count, const gid_t *_Nullable groups) {
    return (int)syscall(SYS_setgroups, count, groups);
}
static inline int c_setresuid(uid_t real, uid_t effective, uid_t saved) {
    return (int)syscall(SYS_setresuid, real, effective, saved);
}
static inline int c_setresgid(gid_t real, gid_t effective, gid_t saved) {
    return (int)syscall(SYS_setresgid, real, effective, saved);
}

static inline int c_prlimit(pid_t pid, int resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return (int)syscall(SYS_prlimit64, pid, resource, &limit, (void *)0);
}

static inline int c_execveat(
    int directory, const char *path, char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
    int flags) {
    return (int)syscall(SYS_execveat, directory, path, arguments, environment, flags);
}

static inline int c_execve(
    const char *path, char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment) {
    return (int)syscall(SYS_execve, path, arguments, environment);
}

/// getcwd(2) itself. If the directory is outside the root, glibc's function looks for a path in another way and hides that.
static inline long c_getcwd(void *buffer, unsigned long size) { return syscall(SYS_getcwd, buffer, size); }

static inline int c_sched_setaffinity(pid_t pid, unsigned long size, const void *mask) {
    return (int)syscall(SYS_sched_setaffinity, pid, size, mask);
}

/// sched_setattr(2).
static inline int c_sched_setattr(
    uint32_t policy, uint64_t flags, int32_t nice, uint32_t priority, uint64_t runtime, uint64_t deadline, uint64_t period) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {48, policy, flags, nice, priority, runtime, deadline, period};
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

static inline int c_set_mempolicy(int mode, const unsigned long *_Nullable nodes, unsigned long count) {
    return (int)syscall(SYS_set_mempolicy, mode, nodes, count);
}

static inline int c_ioprio_set(int which, int who, int priority) {
    return (int)syscall(SYS_ioprio_set, which, who, priority);
}

static inline int c_personality(unsigned long persona) { return (int)syscall(SYS_personality, persona); }

static inline int c_exit_status(int status) { return WEXITSTATUS(status); }
static inline int c_signaled(int status) { return WIFSIGNALED(status); }
static inline int c_termination_signal(int status) { return WTERMSIG(status); }

/// mmap(2) of memory that processes cloned from here on share: null with errno.
static inline void *_Nullable c_map_shared(unsigned long length) {
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/// mmap(2) of a file, for reading and writing: null with errno.
static inline void *_Nullable c_map_file(int file, unsigned long length) {
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/// Shares the current step with processes that are cloned later.
void c_step_share(void);
/// Sets the current step. The text must be a constant of the program: the other process reads it at the same address.
void c_step_set(const char *text, unsigned long length);
const char *_Nullable c_step_text(void);
unsigned long c_step_length(void);
/// A note of when a step began: notes.c.
struct c_step_note {
    const char *_Nullable text;
    unsigned long length;
    pid_t pid;
    int64_t nanoseconds;
};
/// Begins to keep notes, in memory that processes cloned from here on share: -1 with errno.
int c_notes_begin(void);
int c_notes_are_kept(void);
/// Keeps no more notes in this process.
void c_notes_stop(void);
/// Makes a note, if notes are kept. The text must be a constant of the program.
void c_note_step(const char *text, unsigned long length);
unsigned c_notes_count(void);
/// The notes. Only if there are any.
const struct c_step_note *c_notes(void);

/// The shortage that this process, or one that shares its step, ran into; null for none.
const char *_Nullable c_step_shortage(void);
/// Records a shortage of memory. The record is only used in the message about a process that died: a caller that can do without
/// the memory may ignore it.
void c_step_out_of_memory(void);

/// Writes a time in UTC, given in seconds since 1970-01-01T00:00:00Z, as in RFC 3339: "2026-11-21T06:34:16", 19 bytes without a
/// NUL. For the years 0 to 9999.
void c_write_utc(long seconds, char *text);

/// Installs a handler for SIGILL, SIGSEGV and similar signals. It writes one line that names the current step to standard error
/// and to the log, and ends the process with `status`.
void c_trap_install(int status);
/// Uses 32 KiB of the stack, and so ends the process with that line if the stack may not grow so far.
void c_stack_require(void);
/// Renews the handler in a cloned process, which may have no stack for it, and changes the status.
int c_trap_renew(int status);
/// Changes that status.
void c_trap_ends_with(int status);
/// Sets that log file; -1 for none.
void c_trap_log(int descriptor, int is_json);

/// Installs handlers with which signals such as SIGTERM end the process. Without them the first process of a pid namespace
/// doesn't get these signals (pid_namespaces(7)).
void c_end_by_signals(void);

/// Ends the process even if a seccomp filter forbids exit_group(2): an invalid instruction then makes the kernel kill it.
_Noreturn void c_end_for_good(int status);

/// Unblocks all signals and gives them their default dispositions: what the caller has blocked or ignored must not affect the
/// container.
void c_signals_reset(void);
/// The same for a process that has only the handlers of c_trap_install: they stay until execve, which takes away all handlers.
void c_signals_reset_ignored(void);
/// Says which signals this process ignores, bit n - 1 for signal n. c_signals_reset_ignored then leaves all others alone.
void c_signals_expect_ignored(uint64_t numbers);
/// Gives a signal its default disposition.
void c_default_signal(int number);
/// Ignores a signal from now on.
void c_ignore_signal(int number);
/// Installs a handler that ends the process and doesn't return.
void c_handle_by_ending(int number, void *handler, unsigned long flags);

/// Blocks the signals that a foreground command passes on, and opens a descriptor from which they can be read: signalfd(2).
int c_signal_descriptor(void);

/// rt_sigtimedwait(2): takes a blocked and pending SIGHUP, SIGINT, SIGQUIT or SIGTERM. Returns its number, or 0 if none is
/// pending.
int c_take_end(void);

/// waitid(2) with WNOWAIT: the pid of a child that has ended and isn't reaped yet, or 0.
static inline pid_t c_ended_child(void) {
    siginfo_t information = {0};
    if (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) < 0) return 0;
    return information.si_pid;
}


#pragma clang assume_nonnull end
