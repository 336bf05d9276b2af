#include "CLinux.h"
#include "pages.h"

#ifdef WHERRY_STATIC
#include "program/entry.h"
#endif

// Enough for every process that runs on such a stack: its code doesn't recurse, and its larger buffers are on the heap.
enum { stack_size = 512 * 1024, guard_size = largest_page };

void *c_stack_make(void) {
    char *stack = mmap(NULL, guard_size + stack_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) return NULL;
    if (mprotect(stack + guard_size, stack_size, PROT_READ | PROT_WRITE) == 0) return stack;
    munmap(stack, guard_size + stack_size);
    return NULL;
}

static char *top_of(void *stack) { return (char *)stack + guard_size + stack_size; }

// The new process can't return from a C function, because its stack is empty. So the assembly code calls `body`. On x86_64 `body`
// is in rbx. If the compiler chose the register, it could choose rbp, which the code clears before the call: backtraces end there.
#if defined(__x86_64__)
static long clone_onto(long call, long first, long second, long third, void (*body)(void *), void *context) {
    long result;
    register long fourth __asm__("r10") = 0;
    register long fifth __asm__("r8") = 0;
    __asm__ volatile(
        "    syscall\n"
        "    test %%rax, %%rax\n"
        "    jnz 1f\n"
        "    mov %[context], %%rdi\n"
        "    xor %%ebp, %%ebp\n"
        "    call *%[body]\n"
        "    hlt\n"
        "1:\n"
        : "=a"(result)
        : "a"(call), "D"(first), "S"(second), "d"(third), "r"(fourth), "r"(fifth), [body] "b"(body), [context] "r"(context)
        : "rcx", "r11", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
static long clone_onto(long call, long first, long second, long third, void (*body)(void *), void *context) {
    register long number __asm__("x8") = call;
    register long result __asm__("x0") = first;
    register long x1 __asm__("x1") = second;
    register long x2 __asm__("x2") = third;
    register long x3 __asm__("x3") = 0;
    register long x4 __asm__("x4") = 0;
    __asm__ volatile(
        "    svc #0\n"
        "    cbnz x0, 1f\n"
        "    mov x0, %[context]\n"
        "    blr %[body]\n"
        "    brk #1\n"
        "1:\n"
        : "+r"(result)
        : "r"(number), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [body] "r"(body), [context] "r"(context)
        : "x30", "memory", "cc");
    return result;
}
#endif

static pid_t checked(long pid) {
    if (pid >= 0) return (pid_t)pid;
    errno = (int)-pid;
    return -1;
}

pid_t c_clone_onto_stack(void *stack, uint64_t flags, int *pidfd, int cgroup, void (*body)(void *), void *context) {
    struct clone_args arguments = {
        .flags = flags,
        .pidfd = (uintptr_t)pidfd,
        .exit_signal = SIGCHLD,
        .stack = (uintptr_t)stack + guard_size,
        .stack_size = stack_size,
        .cgroup = flags & c_clone_into_cgroup ? (uint64_t)cgroup : 0,
    };
    return checked(clone_onto(SYS_clone3, (long)&arguments, sizeof arguments, 0, body, context));
}

pid_t c_clone_sibling_onto_stack(void *stack, pid_t *number, void (*body)(void *), void *context) {
    return checked(clone_onto(SYS_clone, (long)c_sibling_flags, (long)top_of(stack), (long)number, body, context));
}

void c_continue_on_stack(void *stack, void (*body)(void *), void *context) {
#if defined(__x86_64__)
    __asm__ volatile(
        "    mov %[top], %%rsp\n"
        "    mov %[context], %%rdi\n"
        "    xor %%ebp, %%ebp\n"
        "    call *%[body]\n"
        "    hlt\n"
        :
        : [top] "r"(top_of(stack)), [body] "b"(body), [context] "r"(context)
        : "rdi", "memory");
#elif defined(__aarch64__)
    __asm__ volatile(
        "    mov sp, %[top]\n"
        "    mov x0, %[context]\n"
        "    blr %[body]\n"
        "    brk #1\n"
        :
        : [top] "r"(top_of(stack)), [body] "r"(body), [context] "r"(context)
        : "x0", "x30", "memory");
#endif
    __builtin_unreachable();
}

// Calls `act` for the given stack and, in the release program, for the stack that the program began on. That stack has the
// arguments and environment at its top, and the name of the executed file (AT_EXECFN) above them. `most` is far more than it
// ever grows to.
static int each_stack(void *stack, int (*act)(void *, size_t)) {
    int result = act(stack, guard_size + stack_size);
#ifdef WHERRY_STATIC
    enum { most = 16 << 20 };
    uintptr_t name = auxiliary_value(auxiliary_program_name), page = (uintptr_t)page_size();
    if (result == 0 && name) {
        uintptr_t top = (name + strlen((const char *)name) + page) & -page;
        result = act((void *)(top - most), most);
    }
#endif
    return result;
}

static int withhold(void *memory, size_t length) {
    // ENOMEM: part of the range isn't mapped. The call has had its effect on the rest.
    return madvise(memory, length, MADV_DONTFORK) == 0 || errno == ENOMEM ? 0 : -1;
}

static int drop(void *memory, size_t length) { return munmap(memory, length); }

int c_memory_withhold(void *stack) {
    if (each_stack(stack, withhold) < 0 || c_host_part_withhold() < 0) return -1;
    return c_allocation_each_former(withhold);
}

int c_memory_drop(void *stack) {
    if (each_stack(stack, drop) < 0 || c_allocation_each_former(drop) < 0) return -1;
    c_allocation_forget_former();
    return 0;
}
