// Wrappers for what Swift can't import from the C library and the kernel: variadic functions, errno, macros, and system calls
// for which glibc has no function. The wrappers in the headers are inline, without logic, state or allocation. The headers also
// declare the functions of the C files: arguments.c, calendar.c, clone.c, loopback.c, notes.c, signals.c,
// trap.c and program/allocation.c. Only the module Linux imports this module, and Errors/Errno.swift for errno: `make lint` checks it.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "allocation.h"
#include "bpf.h"
#include "files.h"
#include "filters.h"
#include "mounts.h"
#include "processes.h"
#include "sockets.h"

#pragma clang assume_nonnull begin

static inline int c_errno(void) { return errno; }

/// An argument of the program; null past the end. Embedded Swift has no CommandLine.
const char *_Nullable c_argument(int index);

/// An entry of the environment that the program was started with, "NAME=VALUE"; null past the end.
const char *_Nullable c_environment(int index);

/// The program's argv and envp, for an execveat(2) that starts the program again.
char *_Nullable *_Nonnull c_arguments(void);
char *_Nullable *_Nonnull c_environ(void);

#pragma clang assume_nonnull end
