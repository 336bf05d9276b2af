// What Swift can't import of libc and the kernel: variadic functions, errno, macros, and calls that glibc has no function for.
// The headers hold inline wrappers, without logic, state or allocation. What a file of C stands behind is declared here too:
// trap.c, signals.c, arguments.c, clone.c, loopback.c and program/allocation.c. Only the module Linux imports this, and
// Errors/Errno.swift for errno: `make lint` checks it.
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

/// The program's arguments: Embedded Swift has no CommandLine. Null past the end.
const char *_Nullable c_argument(int index);

/// The environment as the program got it: "NAME=VALUE" each. Null past the end.
const char *_Nullable c_environment(int index);

/// What execveat(2) wants as argv and envp to begin this program anew.
char *_Nullable *_Nonnull c_arguments(void);
char *_Nullable *_Nonnull c_environ(void);

#pragma clang assume_nonnull end
