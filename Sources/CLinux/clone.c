#include "CLinux.h"

// What the other process needs at most: it calls nothing that recurses, and its larger buffers are on the heap.
enum { stack_size = 512 * 1024, guard_size = 4096 };

// On its new stack the process has nowhere to return to: so it calls `body` from right here.
static long clone_onto_stack(const struct clone_args *arguments, void (*body)(void *), void *context) {
    long result;
    __asm__ volatile(
        "    syscall\n"
        "    test %%rax, %%rax\n"
        "    jnz 1f\n"
        "    mov %[context], %%rdi\n"
        "    mov %[body], %%rax\n"
        "    xor %%ebp, %%ebp\n"
        "    call *%%rax\n"
        "    hlt\n"
        "1:\n"
        : "=a"(result)
        : "a"((long)SYS_clone3), "D"(arguments), "S"(sizeof *arguments), [body] "r"(body), [context] "r"(context)
        : "rcx", "r11", "memory", "cc");
    return result;
}

pid_t c_clone_in_memory(uint64_t flags, int *pidfd, int cgroup, void (*body)(void *), void *context) {
    char *stack = mmap(NULL, guard_size + stack_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return -1;
    if (mprotect(stack + guard_size, stack_size, PROT_READ | PROT_WRITE) < 0) {
        munmap(stack, guard_size + stack_size);
        return -1;
    }
    struct clone_args arguments = {
        .flags = flags | CLONE_VM | CLONE_VFORK,
        .pidfd = (uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uintptr_t)(stack + guard_size),
        .stack_size = stack_size,
        .cgroup = flags & c_clone_into_cgroup ? (uint64_t)cgroup : 0,
    };
    long pid = clone_onto_stack(&arguments, body, context);
    munmap(stack, guard_size + stack_size);
    if (pid >= 0) return (pid_t)pid;
    errno = (int)-pid;
    return -1;
}
