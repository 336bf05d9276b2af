// Children that go on in the middle of a test, and system calls by number.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/syscall.h>
#include <unistd.h>

/// fork(2), with what the C library does so that the child may allocate, though other tests run on other threads.
static inline pid_t h_fork(void) { return fork(); }

/// Any system call. -1 with errno, as for all of them.
static inline long h_call(long number, unsigned long a, unsigned long b, unsigned long c) {
    return syscall(number, a, b, c, 0, 0, 0);
}
