// Where the kernel enters the release program: before the C library has set itself up.
//
// create, run, exec and restore go on in a sealed copy of the program (SealedProgram.swift), which begins anew. What the C
// library and the program would set up before that is thrown away with it: relocated pages, and questions to the processor
// that a virtual machine answers slowly. So the copy is made right here, where that can be done; where not, for whatever reason, the
// program just goes on, makes it later and says why it can't.
//
// Then it relocates what the linker has packed (RELR), a tenth of the plain list's size. musl's own start-up code does that from version
// 1.2.4 on, and from then on its <elf.h> has DT_RELR: a build with such a musl leaves `relocate` out. Debian 12 has 1.2.3, Debian 13 1.2.5.
//
// Nothing here may use the C library or a relocated address: neither is ready.
#ifdef WHERRY_STATIC

#include "CLinux.h"
#include "entry.h"

#include <elf.h>
#include <stddef.h>

#define BARE __attribute__((no_builtin, no_stack_protector))

static long call(long number, long a, long b, long c, long d, long e) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                     : "rcx", "r11", "memory");
    return result;
}

BARE static int is(const char *text, const char *word) {
    while (*word && *text == *word) text++, word++;
    return *text == *word;
}

BARE static int begins(const char *text, const char *beginning) {
    while (*beginning && *text == *beginning) text++, beginning++;
    return !*beginning;
}

// Whether one of the words is such a command's. What only looks like it, the value of an option say, costs a copy and no more.
BARE static int asks_for_copy(char **arguments) {
    for (; *arguments; arguments++) {
        const char *word = *arguments;
        if (is(word, "create") || is(word, "run") || is(word, "exec") || is(word, "restore")) return 1;
    }
    return 0;
}

// Whether the kernel was given a descriptor to execute, as execveat(2) is here: then this is the copy.
BARE static int was_executed_by_descriptor(char **environment) {
    while (*environment) environment++;
    for (size_t *entry = (size_t *)(environment + 1); entry[0]; entry += 2)
        if (entry[0] == 31 /* AT_EXECFN */) return begins((const char *)entry[1], "/dev/fd/");
    return 0;
}

long *initial_stack;

BARE __attribute__((used, visibility("hidden"))) void go_on_in_copy(long *stack) {
    initial_stack = stack;
    char **arguments = (char **)(stack + 1), **environment = arguments + stack[0] + 1;
    if (stack[0] < 2 || !asks_for_copy(arguments + 1) || was_executed_by_descriptor(environment)) return;
    // A limit on the size of files is to be an error, said by the program when it goes on, not an end without a word. The kernel's
    // struct sigaction: handler, flags, restorer, mask.
    long ignore[4] = {(long)SIG_IGN, 0, 0, 0};
    call(SYS_rt_sigaction, SIGXFSZ, (long)ignore, 0, 8, 0);
    long program = call(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY | O_CLOEXEC, 0, 0);
    if (program < 0) return;
    struct stat status;
    long copy = call(SYS_memfd_create, (long)"wherry", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10 /* MFD_EXEC */, 0, 0, 0);
    // Before Linux 6.3, all are executable and the flag is unknown.
    if (copy == -EINVAL) copy = call(SYS_memfd_create, (long)"wherry", MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0);
    if (copy >= 0 && call(SYS_fstat, program, (long)&status, 0, 0, 0) == 0 &&
        call(SYS_sendfile, copy, program, 0, status.st_size, 0) == status.st_size &&
        call(SYS_fcntl, copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, 0, 0) == 0)
        call(SYS_execveat, copy, (long)"", (long)arguments, (long)environment, AT_EMPTY_PATH);
    if (copy >= 0) call(SYS_close, copy, 0, 0, 0, 0);
    call(SYS_close, program, 0, 0, 0, 0);
}

#ifdef DT_RELR
#define CALL_RELOCATE
#else
#define CALL_RELOCATE "    call relocate\n"

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));

// An even entry is the address of a word to relocate; each bit of an odd one, from the second, says whether the words behind it are.
BARE static void relocate_packed(size_t base, const size_t *entry, size_t count) {
    size_t *word = NULL;
    for (; count-- > 0; entry++) {
        if ((*entry & 1) == 0) {
            word = (size_t *)(base + *entry);
            *word++ += base;
            continue;
        }
        for (size_t bits = *entry >> 1; bits; bits &= bits - 1) word[__builtin_ctzl(bits)] += base;
        word += 63;
    }
}

BARE __attribute__((used, visibility("hidden"))) void relocate(void) {
    enum { packed_size = 35 /* DT_RELRSZ */, packed = 36 /* DT_RELR */ };
    Elf64_Dyn *size = NULL, *table = NULL;
    for (Elf64_Dyn *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == packed_size) size = entry;
        if (entry->d_tag == packed) table = entry;
    }
    if (!size || !table) return;
    size_t base = (size_t)&__ehdr_start;
    relocate_packed(base, (const size_t *)(base + table->d_un.d_ptr), size->d_un.d_val / sizeof(size_t));
}
#endif

// The C library's _start finds all as the kernel left it: the stack, and a function for the end in rdx.
__asm__(
    ".globl wherry_entry\n"
    ".hidden wherry_entry\n"
    ".type wherry_entry, @function\n"
    "wherry_entry:\n"
    "    mov %rsp, %rdi\n"
    "    push %rdx\n"
    "    push %rdx\n"
    "    call go_on_in_copy\n"
    CALL_RELOCATE
    "    pop %rdx\n"
    "    pop %rdx\n"
    "    jmp _start\n");

#endif
