// libseccomp: compiles the seccomp profile of a config.json with libseccomp, to measure libseccomp alone. The rules come from a
// file that profile_rules.py writes.
//
//   profile_rules.py config.json >rules; cc -O2 -o libseccomp libseccomp.c -lseccomp; instructions ./libseccomp rules 3
//
// The last argument is the number of architectures: 1 for x86-64 alone, 3 with x86 and x32.
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

static const enum scmp_compare operators[] = {0, SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ};

int main(int count, char **arguments) {
    if (count < 3) return 2;
    FILE *rules = fopen(arguments[1], "r");
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(1));
    if (!rules || !filter) return 1;
    if (atoi(arguments[2]) > 1 && (seccomp_arch_add(filter, SCMP_ARCH_X86) || seccomp_arch_add(filter, SCMP_ARCH_X32))) return 1;
    char name[64];
    int comparisons;
    while (fscanf(rules, "%63s %d", name, &comparisons) == 2) {
        struct scmp_arg_cmp compared[6];
        for (int i = 0; i < comparisons; i++) {
            unsigned long long value, second;
            unsigned argument, operator;
            if (fscanf(rules, "%u %u %llu %llu", &argument, &operator, &value, &second) != 4) return 1;
            compared[i] = (struct scmp_arg_cmp){argument, operators[operator], value, second};
        }
        int call = seccomp_syscall_resolve_name(name);
        if (call != __NR_SCMP_ERROR) seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, comparisons, compared);
    }
    return seccomp_export_bpf(filter, open("/dev/null", O_WRONLY)) != 0;
}
