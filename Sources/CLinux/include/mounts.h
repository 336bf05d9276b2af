// The mount API that came with kernels 5.2 to 5.12, and related calls.
#pragma once

#include <fcntl.h>
#include <linux/mount.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

static inline int c_open_tree(int directory, const char *path, unsigned int flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags);
}

static inline int c_move_mount(int from_directory, const char *from, int to_directory, const char *to, unsigned int flags) {
    return (int)syscall(SYS_move_mount, from_directory, from, to_directory, to, flags);
}

static inline int c_fsopen(const char *type, unsigned int flags) { return (int)syscall(SYS_fsopen, type, flags); }

static inline int c_fsconfig(int context, unsigned int command, const char *_Nullable key, const void *_Nullable value, int extra) {
    return (int)syscall(SYS_fsconfig, context, command, key, value, extra);
}

static inline int c_fsmount(int context, unsigned int flags, unsigned int attributes) {
    return (int)syscall(SYS_fsmount, context, flags, attributes);
}

static inline int c_fspick(int directory, const char *path, unsigned int flags) {
    return (int)syscall(SYS_fspick, directory, path, flags);
}

static inline int c_mount_setattr(
    int directory, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation, int user_namespace) {
    struct mount_attr attributes = {
        .attr_set = set,
        .attr_clr = clear,
        .propagation = propagation,
        .userns_fd = user_namespace < 0 ? 0 : (uint64_t)user_namespace,
    };
    return (int)syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes);
}

static inline int c_open_tree_attr(
    int directory, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation) {
    struct mount_attr attributes = {.attr_set = set, .attr_clr = clear, .propagation = propagation};
    return (int)syscall(467 /* SYS_open_tree_attr */, directory, path, flags, &attributes, sizeof attributes);
}

static inline int c_pivot_root(const char *new_root, const char *put_old) {
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}

/// statx(2): the number of the mount that a file is on; with `unique` the one that is never reused (kernel 6.8). Returns 1 if
/// the kernel doesn't tell it, -1 with errno if the call fails.
static inline int c_mount_number(int descriptor, int unique, uint64_t *number) {
    // struct statx, whose header conflicts with the C libraries' headers: stx_mask is at 0, stx_mnt_id at 144.
    uint64_t buffer[32] = {0};
    uint32_t wanted = unique ? 0x4000 /* STATX_MNT_ID_UNIQUE */ : 0x1000 /* STATX_MNT_ID */;
    if (syscall(SYS_statx, descriptor, "", AT_EMPTY_PATH, wanted, buffer) != 0) return -1;
    *number = buffer[18];
    return ((uint32_t)buffer[0] & wanted) == 0;
}

/// statmount(2): the number in mountinfo of the mount with this unique number. -1 with errno if there is none in this mount
/// namespace.
static inline int c_mount_table_number(uint64_t unique, uint64_t *number) {
    struct { uint32_t size, spare; uint64_t mount, wanted; } request = {24, 0, unique, 0x2 /* STATMOUNT_MNT_BASIC */};
    // struct statmount: mnt_id_old is at 56.
    uint64_t buffer[128] = {0};
    if (syscall(457 /* SYS_statmount */, &request, buffer, sizeof buffer, 0) != 0) return -1;
    *number = (uint32_t)buffer[7];
    return 0;
}

static const int c_detach = 2;  // MNT_DETACH of umount2(2): <sys/mount.h> conflicts with <linux/mount.h>.
static const int c_no_follow = 8;  // UMOUNT_NOFOLLOW

static inline int c_umount2(const char *path, int flags) { return (int)syscall(SYS_umount2, path, flags); }

#pragma clang assume_nonnull end
