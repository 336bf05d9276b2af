// The entry point of the release program, which the kernel calls before the C library has initialized itself.
//
// create, run, exec and restore continue in a sealed copy of the program (SealedProgram.swift), which starts from the
// beginning. Everything that the C library and the program have set up before that is lost: relocated pages, and queries about
// the processor, which are slow in a virtual machine. So the copy is made right here if possible. If that fails, for whatever
// reason, the program continues; SealedProgram.swift then tries again and reports the error. This copy has only Init's part of
// the program, and Host maps its own part from the file (hostpart.c); if the kernel refuses that, the program says so and ends.
//
// Then `relocate` applies the relocations that the linker has packed (RELR), a tenth of the size of an ordinary list. musl's
// start-up code does this from version 1.2.4 on, and since that version its <elf.h> defines DT_RELR: a build with such a musl
// leaves `relocate` out. Debian 12 has 1.2.3, Debian 13 1.2.5.
//
// Nothing here may use the C library, a relocated address or a function of Host's part: none of these is ready yet.
#ifdef WHERRY_STATIC

#include "CLinux.h"
#include "entry.h"

#include <elf.h>
#include <stddef.h>

BARE static int is(const char *text, const char *word) {
    while (*word && *text == *word) text++, word++;
    return *text == *word;
}

BARE static int begins(const char *text, const char *beginning) {
    while (*beginning && *text == *beginning) text++, beginning++;
    return !*beginning;
}

// Whether one of the arguments names such a command. If it's in fact something else, an option's value for instance, the copy
// is made without need, and nothing else happens.
BARE static int asks_for_copy(char **arguments) {
    for (; *arguments; arguments++) {
        const char *word = *arguments;
        if (is(word, "create") || is(word, "run") || is(word, "exec") || is(word, "restore")) return 1;
    }
    return 0;
}

// Whether the program was executed by a descriptor, as go_on_in_copy does with execveat(2). Then this process is the copy.
BARE static int was_executed_by_descriptor(void) {
    size_t name = auxiliary_value(auxiliary_program_name);
    return name && begins((const char *)name, "/dev/fd/");
}

// Copies the program, except for Host's part, and writes the program's descriptor to the copy. Returns whether it succeeded.
BARE static int copy_program(long program, long copy) {
    struct stat status;
    struct file_range left = host_part_of_file();
    if (call(SYS_fstat, program, (long)&status, 0, 0, 0) < 0) return 0;
    if (left.begin < left.end) {
        int number = (int)program;
        if (call(SYS_sendfile, copy, program, 0, left.begin, 0) != left.begin ||
            call(SYS_pwrite64, copy, (long)&number, sizeof number, file_offset_of_descriptor(), 0) != sizeof number ||
            call(SYS_lseek, program, left.end, SEEK_SET, 0, 0) < 0 || call(SYS_lseek, copy, left.end, SEEK_SET, 0, 0) < 0)
            return 0;
    }
    long rest = status.st_size - left.end;
    return call(SYS_sendfile, copy, program, 0, rest, 0) == rest;
}

long *initial_stack;

BARE __attribute__((used, visibility("hidden"))) void go_on_in_copy(long *stack) {
    initial_stack = stack;
    char **arguments = (char **)(stack + 1), **environment = arguments + stack[0] + 1;
    if (map_host_part() || stack[0] < 2 || !asks_for_copy(arguments + 1) || was_executed_by_descriptor()) return;
    // If RLIMIT_FSIZE is too low for the copy, SIGXFSZ would kill the process silently. When it's ignored, the call fails and
    // the program reports the error later. The array is the kernel's struct sigaction: handler, flags, restorer, mask.
    long ignore[4] = {(long)SIG_IGN, 0, 0, 0};
    call(SYS_rt_sigaction, SIGXFSZ, (long)ignore, 0, 8, 0);
    long program = call(SYS_openat, AT_FDCWD, (long)"/proc/self/exe", O_RDONLY, 0, 0);
    if (program < 0) return;
    long copy = call(SYS_memfd_create, (long)"wherry", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x10 /* MFD_EXEC */, 0, 0, 0);
    // Kernels before 6.3 don't know the flag. There every memfd is executable.
    if (copy == -EINVAL) copy = call(SYS_memfd_create, (long)"wherry", MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0);
    if (copy >= 0 && copy_program(program, copy) &&
        call(SYS_fcntl, copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, 0, 0) == 0)
        call(SYS_execveat, copy, (long)"", (long)arguments, (long)environment, AT_EMPTY_PATH);
    if (copy >= 0) call(SYS_close, copy, 0, 0, 0, 0);
    call(SYS_close, program, 0, 0, 0, 0);
}

#ifdef DT_RELR
#define CALL_RELOCATE
#else
#if defined(__x86_64__)
#define CALL_RELOCATE "    call relocate\n"
#elif defined(__aarch64__)
#define CALL_RELOCATE "    bl relocate\n"
#endif

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
extern Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));

// An even entry is the address of a word to relocate. An odd entry is a bitmap: its bits 1 to 63 say which of the following 63
// words to relocate.
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

// The C library's _start must find everything as the kernel left it: the stack and, on x86-64, the function to call at exit in rdx.
__asm__(
    ".section .text.wherry_entry, \"ax\", @progbits\n"
    ".globl wherry_entry\n"
    ".hidden wherry_entry\n"
    ".type wherry_entry, @function\n"
    "wherry_entry:\n"
#if defined(__x86_64__)
    "    mov %rsp, %rdi\n"
    "    push %rdx\n"
    "    push %rdx\n"
    "    call go_on_in_copy\n"
    CALL_RELOCATE
    "    pop %rdx\n"
    "    pop %rdx\n"
    "    jmp _start\n"
#elif defined(__aarch64__)
    "    mov x0, sp\n"
    "    bl go_on_in_copy\n"
    CALL_RELOCATE
    "    b _start\n"
#endif
    ".text\n");

#endif
