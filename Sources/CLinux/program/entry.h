// What the code that runs before the C library shares.
#pragma once

/// The stack of the release program as the kernel has set it up: argc, argv, NULL, envp, NULL, the auxiliary vector (execve(2),
/// the System V ABI for AMD64, "Initial Process Stack").
extern long *initial_stack __attribute__((visibility("hidden")));

/// For functions that run before the C library is ready.
#define BARE __attribute__((no_builtin, no_stack_protector))

/// A system call. Returns what the kernel returns: an error is a negative number.
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
