// Functions that the libraries in the release program call, and that musl lacks, or whose musl version doesn't work in a
// process that was made by the clone3 call itself. Debian compiles libseccomp, yajl and libcap for GNU's C library, so they
// call GNU's checked versions of standard functions.
#ifdef WHERRY_STATIC

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// musl's raise uses the thread id that it stored when the program started. In a process that was cloned later, it would signal
// the process that made the clone or, in another pid namespace, the process that has this id there.
int raise(int number) { return (int)syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), number); }

// trap.c handles the first signal, if its handler is installed. The second one has its default effect and ends the process.
void abort(void) {
    raise(SIGABRT);
    static const unsigned long by_default[4] = {0};
    const unsigned long none = 0;
    syscall(SYS_rt_sigaction, SIGABRT, by_default, NULL, sizeof none);
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
    raise(SIGABRT);
    _exit(127);
}

void *__memcpy_chk(void *to, const void *from, size_t length, size_t room) {
    if (length > room) abort();
    return memcpy(to, from, length);
}

// cap_to_name(3) calls it for a number without a name, to write the number. Because this version fails, such a number has no
// name (CapabilityNames.swift), and musl's formatting code isn't linked.
int __asprintf_chk(char **text, int flag, const char *format, ...) {
    (void)flag, (void)format;
    *text = NULL;
    return -1;
}

// Called only by libseccomp's generators, which write to files. The program doesn't use them.
int __fprintf_chk(FILE *file, int flag, const char *format, ...) {
    (void)file, (void)flag, (void)format;
    abort();
}

// Functions that the libraries refer to and this program never reaches. The linker would include each of them with everything
// that it calls, together a thirtieth of the program. The replacements are weak: if another version of a library is divided
// into other object files, the linker may take the library's function instead.
static void unreachable(void) { abort(); }
#define UNREACHABLE(name) extern void unreachable_##name(void) __asm__(#name) __attribute__((weak, alias("unreachable")));

// It prints a message and aborts. The replacement only aborts.
UNREACHABLE(__assert_fail)

// yajl calls strtod for callers that want numbers as double; we take the text of numbers. yajl and libcap call the other two in
// functions that we don't use.
UNREACHABLE(strtod)
UNREACHABLE(__sprintf_chk)
UNREACHABLE(__snprintf_chk)

// Only libseccomp's tables of system calls are used. The module Seccomp makes the programs and loads them itself.
UNREACHABLE(db_col_action_valid)
UNREACHABLE(db_col_arch_exist)
UNREACHABLE(db_col_attr_get)
UNREACHABLE(db_col_attr_read)
UNREACHABLE(db_col_attr_set)
UNREACHABLE(db_col_db_new)
UNREACHABLE(db_col_db_remove)
UNREACHABLE(db_col_init)
UNREACHABLE(db_col_merge)
UNREACHABLE(db_col_release)
UNREACHABLE(db_col_reset)
UNREACHABLE(db_col_rule_add)
UNREACHABLE(db_col_syscall_priority)
UNREACHABLE(db_col_valid)
UNREACHABLE(db_rule_add)
UNREACHABLE(db_rule_dup)
UNREACHABLE(gen_bpf_generate)
UNREACHABLE(gen_bpf_release)
UNREACHABLE(gen_pfc_generate)
UNREACHABLE(sys_chk_seccomp_action)
UNREACHABLE(sys_chk_seccomp_flag)
UNREACHABLE(sys_chk_seccomp_syscall)
UNREACHABLE(sys_filter_load)
UNREACHABLE(sys_notify_alloc)
UNREACHABLE(sys_notify_fd)
UNREACHABLE(sys_notify_id_valid)
UNREACHABLE(sys_notify_receive)
UNREACHABLE(sys_notify_respond)
UNREACHABLE(sys_reset_state)
UNREACHABLE(sys_set_seccomp_action)
UNREACHABLE(sys_set_seccomp_flag)
UNREACHABLE(sys_set_seccomp_syscall)

// Only libcap's names are used. So its functions for system calls and processes (cap_proc.o) aren't linked, and release.ld
// discards its constructor, which queries the kernel. strtoul is for names in the form of numbers, which we never pass to
// libcap.
UNREACHABLE(cap_get_bound)
UNREACHABLE(cap_set_syscall)
UNREACHABLE(fopen64)
UNREACHABLE(fgets)
UNREACHABLE(fclose)
UNREACHABLE(strtoul)
UNREACHABLE(__isoc23_strtoul)
// On arm64, gcc makes a lock's atomic operations calls of its own library. libcap takes locks only in functions that we don't use.
UNREACHABLE(__aarch64_swp1_acq_rel)

#endif
