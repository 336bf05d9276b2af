// What the code that runs before the C library shares.
#pragma once

#include <stddef.h>

/// The stack of the release program as the kernel has set it up: argc, argv, NULL, envp, NULL, the auxiliary vector (execve(2),
/// the System V ABI for AMD64, "Initial Process Stack"; Linux does the same on arm64).
extern long *initial_stack __attribute__((visibility("hidden")));

/// For functions that run before the C library is ready.
#define BARE __attribute__((no_builtin, no_stack_protector))

/// A value of the auxiliary vector (getauxval(3)); 0 if it's absent.
BARE static inline size_t auxiliary_value(size_t kind) {
    char **word = (char **)(initial_stack + 1 + initial_stack[0] + 1);
    while (*word) word++;
    for (size_t *entry = (size_t *)(word + 1); entry[0]; entry += 2)
        if (entry[0] == kind) return entry[1];
    return 0;
}

enum { auxiliary_page_size = 6 /* AT_PAGESZ */, auxiliary_program_name = 31 /* AT_EXECFN */ };

/// The size of a page. x86-64 has one size; an arm64 kernel has pages of 4, 16 or 64 KiB.
#if defined(__x86_64__)
BARE static inline long page_size(void) { return 4096; }
#else
BARE static inline long page_size(void) { return (long)auxiliary_value(auxiliary_page_size); }
#endif

/// A system call. Returns what the kernel returns: an error is a negative number.
#if defined(__x86_64__)
static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long call6(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}
#endif

static inline long call(long number, long a, long b, long c, long d, long e) { return call6(number, a, b, c, d, e, 0); }

/// Bytes of the program's file.
struct file_range {
    long begin, end;
};

/// Where Host's part is in the program's file. Both ends are multiples of the page size; they are equal if the program's
/// functions aren't arranged.
struct file_range host_part_of_file(void) __attribute__((visibility("hidden")));

/// Where in the program's file a copy holds the descriptor of the file that it was made from.
long file_offset_of_descriptor(void) __attribute__((visibility("hidden")));

/// Maps Host's part from the program's file, if this process runs from a copy without it. Returns whether it does.
int map_host_part(void) __attribute__((visibility("hidden")));
