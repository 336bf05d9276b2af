// Host's part of the program, which the sealed copies don't have.
//
// Every process that a container can see runs from a sealed copy of the program (SealedProgram.swift), and making the copy takes
// time in proportion to its size. But such a process runs only a quarter of the program. So scripts/arrange finds the functions
// that it can reach and puts them first; what follows, up to the writable data, is Host's part. A copy has a hole in its place.
// Host, which runs from the copy too, maps its part from the program's file. Init unmaps it as the first thing it does: with the
// file mapped, a container with CAP_SYS_ADMIN could open the file through /proc/PID/map_files (proc(5)), and write to it. If
// Init jumped to Host's part all the same, that would be a trap (trap.c).
#include "CLinux.h"

#ifdef WHERRY_STATIC

#include "entry.h"

#include <elf.h>

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
// The first byte of Host's part. Without scripts/arrange it's the program's first byte (Package.swift).
extern const char wherry_host_part[] __attribute__((visibility("hidden")));

// The descriptor of the program's file. The process that makes a copy writes the number there, and the copy inherits the
// descriptor. Not an environment variable: the caller could set that.
static const volatile int program_descriptor = -1;

// Whether this process has Host's part mapped from the file. Once it's unmapped, something else may be in its place.
static int is_mapped;

static const char *base(void) { return (const char *)&__ehdr_start; }

long file_offset_of_descriptor(void) {
    // The first segment has the program's headers, so offsets in it are offsets in the file.
    return (const char *)&program_descriptor - base();
}

BARE static long rounded_down(long offset) { return offset & -page_size(); }
BARE static long rounded_up(long offset) { return rounded_down(offset + page_size() - 1); }

BARE struct file_range host_part_of_file(void) {
    struct file_range range = {0, 0};
    long place = wherry_host_part - base();
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(base() + __ehdr_start.e_phoff);
    for (int i = 0; place > 0 && i < __ehdr_start.e_phnum; i++) {
        if (segment[i].p_type != PT_LOAD) continue;
        long start = (long)segment[i].p_vaddr, length = (long)segment[i].p_filesz;
        if (place >= start && place < start + length) range.begin = (long)segment[i].p_offset + place - start;
        if (range.begin && segment[i].p_flags & PF_W) {
            range.end = rounded_down((long)segment[i].p_offset);
            break;
        }
    }
    return range.end > range.begin ? range : (struct file_range){0, 0};
}

// A piece of Host's part: whole pages with the same protection.
struct piece {
    char *start;
    long length, offset;
    int protection;
};

// Calls `act` for each piece until it returns a number other than 0. Returns that number, or 0.
BARE static long each_piece(long (*act)(struct piece)) {
    struct file_range range = host_part_of_file();
    const Elf64_Phdr *segment = (const Elf64_Phdr *)(base() + __ehdr_start.e_phoff);
    long result = 0;
    for (int i = 0; result == 0 && i < __ehdr_start.e_phnum; i++) {
        if (segment[i].p_type != PT_LOAD || segment[i].p_flags & PF_W) continue;
        long begin = rounded_down((long)segment[i].p_offset);
        long end = rounded_up((long)(segment[i].p_offset + segment[i].p_filesz));
        long shift = (long)(segment[i].p_vaddr - segment[i].p_offset);
        if (begin < range.begin) begin = range.begin;
        if (range.begin == 0 || begin >= end) continue;
        struct piece piece = {
            .start = (char *)base() + begin + shift,
            .length = end - begin,
            .offset = begin,
            .protection = PROT_READ | (segment[i].p_flags & PF_X ? PROT_EXEC : 0),
        };
        result = act(piece);
    }
    return result;
}

BARE static long map(struct piece piece) {
    long address = call6(
        SYS_mmap, (long)piece.start, piece.length, piece.protection, MAP_PRIVATE | MAP_FIXED, program_descriptor, piece.offset);
    return address == (long)piece.start ? 0 : -1;
}

BARE int map_host_part(void) {
    if (program_descriptor < 0) return 0;
    if (each_piece(map) == 0) {
        call(SYS_close, program_descriptor, 0, 0, 0, 0);
        is_mapped = 1;
        return 1;
    }
    static const char sentence[] = "wherry: the program's file can't be mapped (mmap)\n";
    call(SYS_write, STDERR_FILENO, (long)sentence, sizeof sentence - 1, 0, 0);
    for (;;) call(SYS_exit_group, 1, 0, 0, 0, 0);
}

static long drop(struct piece piece) { return munmap(piece.start, (size_t)piece.length); }

static long withhold(struct piece piece) { return madvise(piece.start, (size_t)piece.length, MADV_DONTFORK); }

static long copy(struct piece piece) {
    size_t length = (size_t)piece.length;
    void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return -1;
    memcpy(memory, piece.start, length);
    if (mprotect(memory, length, piece.protection) == 0 &&
        mremap(memory, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, piece.start) != MAP_FAILED)
        return 0;
    munmap(memory, length);
    return -1;
}

int c_host_part_drop(void) {
    int result = is_mapped ? (int)each_piece(drop) : 0;
    if (result == 0) is_mapped = 0;
    return result;
}

int c_host_part_withhold(void) { return is_mapped ? (int)each_piece(withhold) : 0; }

int c_host_part_copy(void) {
    int result = is_mapped ? (int)each_piece(copy) : 0;
    if (result == 0) is_mapped = 0;
    return result;
}

#else

int c_host_part_drop(void) { return 0; }
int c_host_part_withhold(void) { return 0; }
int c_host_part_copy(void) { return 0; }

#endif
