// bpf(2) for device filters of cgroups.
#pragma once

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

/// Kernels 6.17 to 7.1 write past the end of a `bpf_attr` that is shorter than their own (BPF_PROG_QUERY). So the size that we
/// pass is always larger than any kernel's, and the memory behind it belongs to the union too.
union c_bpf_attributes {
    union bpf_attr named;
    unsigned char bytes[512];
};

static inline int c_bpf(int command, union c_bpf_attributes *attributes) {
    return (int)syscall(SYS_bpf, command, attributes, 256);
}

/// BPF_PROG_LOAD. `log` receives the verifier's text.
static inline int c_bpf_load_device_program(
    const void *instructions, uint32_t count, const char *name, char *_Nullable log, uint32_t log_size) {
    union c_bpf_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.named.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    attributes.named.insns = (uintptr_t)instructions;
    attributes.named.insn_cnt = count;
    attributes.named.license = (uintptr_t) "Apache-2.0";
    strncpy(attributes.named.prog_name, name, sizeof attributes.named.prog_name - 1);
    attributes.named.log_level = log_size > 0;
    attributes.named.log_buf = (uintptr_t)log;
    attributes.named.log_size = log_size;
    return c_bpf(BPF_PROG_LOAD, &attributes);
}

/// BPF_PROG_ATTACH: adds a program to those of the cgroup (BPF_F_ALLOW_MULTI) or, unless `replaced` is -1, replaces that
/// program.
static inline int c_bpf_attach_device_program(int cgroup, int program, int replaced) {
    union c_bpf_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.named.target_fd = (uint32_t)cgroup;
    attributes.named.attach_bpf_fd = (uint32_t)program;
    attributes.named.attach_type = BPF_CGROUP_DEVICE;
    attributes.named.attach_flags = BPF_F_ALLOW_MULTI;
    if (replaced >= 0) {
        attributes.named.attach_flags |= 1U << 2; /* BPF_F_REPLACE, kernel 5.6 */
        attributes.named.replace_bpf_fd = (uint32_t)replaced;
    }
    return c_bpf(BPF_PROG_ATTACH, &attributes);
}

/// BPF_PROG_QUERY: the ids of the device programs attached to the cgroup itself. `count` is the room in `ids` before the call,
/// and the number of programs after it.
static inline int c_bpf_query_device_programs(int cgroup, uint32_t *ids, uint32_t *count) {
    union c_bpf_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.named.query.target_fd = (uint32_t)cgroup;
    attributes.named.query.attach_type = BPF_CGROUP_DEVICE;
    attributes.named.query.prog_ids = (uintptr_t)ids;
    attributes.named.query.prog_cnt = *count;
    int result = c_bpf(BPF_PROG_QUERY, &attributes);
    *count = attributes.named.query.prog_cnt;
    return result;
}

/// BPF_PROG_GET_FD_BY_ID.
static inline int c_bpf_program(uint32_t id) {
    union c_bpf_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.named.prog_id = id;
    return c_bpf(BPF_PROG_GET_FD_BY_ID, &attributes);
}

/// BPF_OBJ_GET_INFO_BY_FD: the program's name. `name` has room for 16 bytes, the NUL included.
static inline int c_bpf_program_name(int program, char *name) {
    // The memory is longer than any kernel's bpf_prog_info, for the same reason as with the attributes.
    union {
        struct bpf_prog_info named;
        unsigned char bytes[1024];
    } info;
    memset(&info, 0, sizeof info);
    union c_bpf_attributes attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.named.info.bpf_fd = (uint32_t)program;
    attributes.named.info.info_len = sizeof info.named;
    attributes.named.info.info = (uintptr_t)&info;
    int result = c_bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes);
    memcpy(name, info.named.name, 16);
    name[15] = 0;
    return result;
}

#pragma clang assume_nonnull end
