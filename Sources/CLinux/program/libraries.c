// What the libraries in the release program call and musl doesn't have, or not for processes made by clone3 alone: Embedded Swift a
// function of the BSDs, libseccomp and yajl, which Debian compiles for GNU's C library, that one's checked versions of the standard's.
#ifdef WHERRY_STATIC

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
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

// What Swift asks for is the 16 bytes of a hash's key. A filter or an old kernel may refuse: those that the program got from the kernel
// at its start do as well.
void arc4random_buf(void *buffer, size_t length) {
    long got;
    do got = syscall(SYS_getrandom, buffer, length, 0);
    while (got < 0 && errno == EINTR);
    if (got == (long)length) return;
    const char *given = (const char *)getauxval(AT_RANDOM);
    if (!given || length > 16) abort();
    memcpy(buffer, given, length);
}

void *__memcpy_chk(void *to, const void *from, size_t length, size_t room) {
    if (length > room) abort();
    return memcpy(to, from, length);
}

int __snprintf_chk(char *to, size_t length, int flag, size_t room, const char *format, ...) {
    (void)flag;
    if (length > room) abort();
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(to, length, format, arguments);
    va_end(arguments);
    return written;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...) {
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(to, room, format, arguments);
    va_end(arguments);
    if (written < 0 || (size_t)written >= room) abort();
    return written;
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

// yajl, for callers who want numbers as double: we ask for their text.
UNREACHABLE(strtod)

// libseccomp is here for its tables of system calls: module Seccomp makes the programs.
UNREACHABLE(gen_bpf_generate)
UNREACHABLE(gen_bpf_release)
UNREACHABLE(gen_pfc_generate)

#endif
