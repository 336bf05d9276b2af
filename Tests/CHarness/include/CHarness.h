// Functions of the C library and the kernel that the integration tests need and Swift can't import. They don't use the
// product's own wrappers: otherwise a fault in a wrapper could hide itself.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "children.h"

#pragma clang assume_nonnull begin

static inline int h_errno_now(void) { return errno; }
/// Opens an existing file, for example in /proc or /sys, and writes a text. Returns 0, or -1 with errno.
int h_put(const char *path, const char *text);
/// Exchanges two paths (renameat2(2), RENAME_EXCHANGE).
int h_exchange(const char *one, const char *other);
static inline int h_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

/// Duplicates a descriptor to the first free number from `lowest` on, close-on-exec.
static inline int h_duplicate(int descriptor, int lowest) { return fcntl(descriptor, F_DUPFD_CLOEXEC, lowest); }
static inline int h_seals(int descriptor) { return fcntl(descriptor, F_GET_SEALS); }

static inline int h_exited(int status) { return WIFEXITED(status); }
static inline int h_exit_status(int status) { return WEXITSTATUS(status); }
static inline int h_termination_signal(int status) { return WTERMSIG(status); }

int h_pidfd_open(pid_t pid);
int h_pidfd_send_signal(int pidfd, int number);

/// Makes this process a subreaper (PR_SET_CHILD_SUBREAPER), and sets close-on-exec on its inherited descriptors above 2.
void h_prepare_process(void);

/// A spawn action that Swift can't import from <spawn.h>.
static inline int h_spawn_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}

/// Starts the program with no signal blocked or ignored: the tests' threads block nearly all signals.
void h_spawn_defaults(posix_spawnattr_t *attributes, int new_session);

/// Opens a new pseudoterminal, and returns its master side. The path of the slave side goes to `name`.
int h_open_terminal(char *name, unsigned long size);
int h_window_size(int terminal, unsigned short *rows, unsigned short *columns);
int h_set_window_size(int terminal, unsigned short rows, unsigned short columns);

/// Opens a listening socket of type SOCK_STREAM. Fails with ENAMETOOLONG for paths of 108 bytes and more.
int h_listen(const char *path);

/// Makes a socket that receives datagrams at a path or, after a "@", at an abstract name. Returns -1 with errno if that fails.
int h_datagrams(const char *path);

/// Connects to a listening socket. Returns -1 if that fails, for example because the queue is full.
int h_connect(const char *path);

/// Answers the next notification of a seccomp filter with an error (seccomp_unotify(2)). Returns 0, or -1 with errno.
int h_answer_notification(int listener, int error);

static inline int h_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC); }

/// Receives bytes and one descriptor (-1 if none came), close-on-exec.
long h_receive(int socket, void *bytes, unsigned long size, int *descriptor);

/// getrlimit(2). Its first parameter has an enumeration type of glibc.
static inline int h_limit(int resource, struct rlimit *limit) { return getrlimit((__rlimit_resource_t)resource, limit); }

static inline unsigned int h_major(dev_t device) { return major(device); }
static inline unsigned int h_minor(dev_t device) { return minor(device); }
static inline dev_t h_device(unsigned int major_number, unsigned int minor_number) { return makedev(major_number, minor_number); }

#pragma clang assume_nonnull end
