// Filters on system calls: seccomp(2).
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

// SECCOMP_FILTER_FLAG_*, as constants that Swift imports with one type. The last one (kernel 5.19) is missing from some of
// Debian 12's headers.
static const uint32_t c_filter_flag_tsync = 1U << 0, c_filter_flag_log = 1U << 1, c_filter_flag_spec_allow = 1U << 2, c_filter_flag_new_listener = 1U << 3,
                      c_filter_flag_wait_killable_receive = 1U << 5;

/// The value of AUDIT_ARCH_* that the kernel passes to filters for calls of this program.
#if defined(__x86_64__)
static const uint32_t c_audit_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
static const uint32_t c_audit_arch = AUDIT_ARCH_AARCH64;
#endif

/// SECCOMP_SET_MODE_FILTER for the calling thread: 0 or, with SECCOMP_FILTER_FLAG_NEW_LISTENER, a descriptor (close-on-exec).
static inline int c_seccomp_load(const void *_Nullable instructions, uint16_t count, uint32_t flags) {
    struct sock_fprog program = {.len = count, .filter = (struct sock_filter *)(uintptr_t)instructions};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/// SECCOMP_SET_MODE_FILTER without a program: always -1. The kernel checks the flags first, so errno is EINVAL if it doesn't
/// know one of them, and EFAULT otherwise.
static inline int c_seccomp_try_flags(uint32_t flags) {
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, (void *)0);
}

/// memfd_create(2) for data, with MFD_NOEXEC_SEAL, which vm.memfd_noexec=2 requires. If that fails, as on kernels before 6.3,
/// the flag is left out.
static inline int c_memfd_data(const char *name) {
    int descriptor = (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC | 0x0008U /* MFD_NOEXEC_SEAL */);
    return descriptor >= 0 ? descriptor : (int)syscall(SYS_memfd_create, name, MFD_CLOEXEC);
}

#pragma clang assume_nonnull end
