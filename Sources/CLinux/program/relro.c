// GNU's C library makes relocated data read-only before a static program begins. musl leaves that to its loader, which a static
// program doesn't have. So it's done here: otherwise a stray write could change a table of functions.
#ifdef WHERRY_STATIC

#include "entry.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

__attribute__((constructor)) static void protect_relocated(void) {
    const char *base = (const char *)&__ehdr_start;
    const Elf64_Phdr *header = (const Elf64_Phdr *)(base + __ehdr_start.e_phoff);
    for (int i = 0; i < __ehdr_start.e_phnum; i++) {
        if (header[i].p_type != PT_GNU_RELRO) continue;
        // Only whole pages can be protected. The linker has extended the segment to the end of its last page.
        unsigned long start = (unsigned long)base + header[i].p_vaddr, end = start + header[i].p_memsz;
        start &= -(unsigned long)page_size();
        end &= -(unsigned long)page_size();
        if (mprotect((void *)start, end - start, PROT_READ) == 0) continue;
        static const char sentence[] = "wherry: the kernel doesn't let the program protect itself (mprotect)\n";
        if (write(STDERR_FILENO, sentence, sizeof sentence - 1) < 0) _exit(1);
        _exit(1);
    }
}

#endif
