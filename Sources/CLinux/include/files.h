// Files and directories.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

static inline int c_openat(int directory, const char *path, int flags, mode_t mode) {
    return openat(directory, path, flags, mode);
}

static inline int c_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// Not the library's function: after F_DUPFD_CLOEXEC musl's sets the flag again, for kernels before 2.6.24.
static inline int c_fcntl(int descriptor, int command, int argument) {
    return (int)syscall(SYS_fcntl, descriptor, command, argument);
}

/// memfd_create(2) with MFD_EXEC or, if that fails as on kernels before 6.3, without the flag.
static inline int c_memfd_executable(const char *name) {
    unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int descriptor = (int)syscall(SYS_memfd_create, name, flags | 0x0010U /* MFD_EXEC */);
    return descriptor >= 0 ? descriptor : (int)syscall(SYS_memfd_create, name, flags);
}

static inline int c_close_range(unsigned int first, unsigned int last, unsigned int flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}

static inline long c_getdents64(int descriptor, void *buffer, unsigned long size) {
    return syscall(SYS_getdents64, descriptor, buffer, size);
}

static inline dev_t c_makedev(unsigned int major_number, unsigned int minor_number) {
    return makedev(major_number, minor_number);
}

#pragma clang assume_nonnull end
