// Processes, namespaces, credentials.
#pragma once

#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

// The namespace flags as the unsigned numbers that clone3 takes: Swift imports CLONE_NEWUSER and the rest with differing signs.
static const uint64_t c_new_mount = 0x00020000, c_new_cgroup = 0x02000000, c_new_uts = 0x04000000, c_new_ipc = 0x08000000,
                      c_new_user = 0x10000000, c_new_pid = 0x20000000, c_new_network = 0x40000000, c_new_time = 0x00000080;
static const uint64_t c_clone_pidfd = 0x00001000, c_clone_parent = 0x00008000, c_clone_into_cgroup = 0x200000000ULL;

/// clone3(2) without a new stack: returns twice, as fork does. `cgroup` counts only with CLONE_INTO_CGROUP.
static inline pid_t c_clone3(uint64_t flags, int *pidfd, int cgroup) {
    struct clone_args arguments = {
        .flags = flags,
        .pidfd = (uintptr_t)pidfd,
        // With CLONE_PARENT the kernel takes the signal that the caller's own parent asked for, and wants 0 here.
        .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
        .cgroup = flags & 0x200000000ULL ? (uint64_t)cgroup : 0,
    };
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

static inline int c_setns(int descriptor, int type) { return (int)syscall(SYS_setns, descriptor, type); }
static inline int c_unshare(uint64_t flags) { return (int)syscall(SYS_unshare, (long)flags); }
static inline int c_pidfd_open(pid_t pid, unsigned int flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }
static inline int c_pidfd_send_signal(int pidfd, int number) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, (void *)0, 0);
}
static inline int c_waitid(int type, int id, siginfo_t *result, int options) {
    return (int)syscall(SYS_waitid, type, id, result, options, (void *)0);
}
static inline int c_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
    return prctl(option, a, b, c, d);
}
static inline long c_keyctl(int command, uintptr_t a, uintptr_t b, uintptr_t c) {
    return syscall(SYS_keyctl, command, a, b, c);
}

// glibc's set*id functions tell other threads; this program has none, and calls the kernel itself.
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

static inline int c_ioprio_set(int which, int who, int priority) {
    return (int)syscall(SYS_ioprio_set, which, who, priority);
}

static inline int c_personality(unsigned long persona) { return (int)syscall(SYS_personality, persona); }

static inline int c_exited(int status) { return WIFEXITED(status); }
static inline int c_exit_status(int status) { return WEXITSTATUS(status); }
static inline int c_signaled(int status) { return WIFSIGNALED(status); }
static inline int c_termination_signal(int status) { return WTERMSIG(status); }

/// Gives a signal its default disposition, or has it ignored.
static inline void c_signal_default(int number) {
    signal(number, SIG_DFL);
}
static inline void c_signal_ignore(int number) {
    signal(number, SIG_IGN);
}

#pragma clang assume_nonnull end
