// Functions that the libraries in the release program call, and that musl lacks or has in a form that doesn't work in a process made by
// clone3 alone. libseccomp, yajl and libcap, which Debian compiles for GNU's C library, call GNU's checked versions of standard functions.
#ifdef WHERRY_STATIC

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// musl's knows the thread's number from the program's start: in a process that was cloned since it would signal the one that cloned it,
// or, in a pid namespace, whoever has that number there. trap.c hears of the first signal; the second can't be missed.
int raise(int number) { return (int)syscall(SYS_tgkill, syscall(SYS_getpid), syscall(SYS_gettid), number); }

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

// libcap writes a number for which it has no name. Without it the number has no name at all, and musl's formats stay out.
int __asprintf_chk(char **text, int flag, const char *format, ...) {
    (void)flag, (void)format;
    *text = NULL;
    return -1;
}

// For libseccomp's own generators, which write to files.
int __fprintf_chk(FILE *file, int flag, const char *format, ...) {
    (void)file, (void)flag, (void)format;
    abort();
}

// What they refer to and never call, each a chain of functions to the end of which the linker would go, a thirtieth of the program.
// All are weak: where another version of a library is cut into other pieces, the linker takes its own function instead of ours.
static void unreachable(void) { abort(); }
#define UNREACHABLE(name) extern void unreachable_##name(void) __asm__(#name) __attribute__((weak, alias("unreachable")));

// What a library says before it aborts. It aborts all the same.
UNREACHABLE(__assert_fail)

// yajl, for callers who want numbers as double: we ask for their text. And what it and libcap write in formats: we don't ask for that.
UNREACHABLE(strtod)
UNREACHABLE(__sprintf_chk)
UNREACHABLE(__snprintf_chk)

// libseccomp is here for its tables of system calls: module Seccomp makes the programs, and loads them.
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

// libcap: only its names are used. Its system calls and processes (cap_proc.o) stay out, and so does what its constructor asks the kernel:
// release.ld drops that constructor. A name in the form of a number isn't given to it.
UNREACHABLE(cap_get_bound)
UNREACHABLE(cap_set_syscall)
UNREACHABLE(fopen64)
UNREACHABLE(fgets)
UNREACHABLE(fclose)
UNREACHABLE(strtoul)
UNREACHABLE(__isoc23_strtoul)

#endif
