// fork without exec, and system calls by number.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/syscall.h>
#include <unistd.h>

/// fork(2) of the C library, after which the child may allocate memory even though the parent has other threads.
static inline pid_t h_fork(void) { return fork(); }

/// Makes any system call. Returns -1 with errno on failure.
static inline long h_call(long number, unsigned long a, unsigned long b, unsigned long c) {
    return syscall(number, a, b, c, 0, 0, 0);
}
