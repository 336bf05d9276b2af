// Memory for the release program: it has one thread, and is mostly gone within milliseconds.
//
// musl's own allocator asks the kernel for a mapping, and gives it back, at every turn. Here most commands never ask: what they
// need fits into a part of the program's own image. What is given back is kept by its size and given out again; only what is large
// is a mapping of its own.
#include "CLinux.h"

#include <stddef.h>

// A block: its size, and then what the caller gets, which begins at a multiple of 16. So all sizes are 8 more than such a multiple.
struct block {
    size_t size;
    struct block *next;     // while it's not in use
};

enum {
    header = offsetof(struct block, next),
    // Up to here there's a class for each multiple of 16, above it four for each power of two.
    exact = 1032,
    exact_classes = 65,
    largest = (1 << 17) + 8,
    classes = exact_classes + 4 * 7,
    page = 4096,
    region = 1 << 20,
};

static struct block *released[classes];
static char first_region[1 << 17] __attribute__((aligned(16)));
static char *unused = first_region + header, *unused_end = first_region + sizeof first_region;

// The class for a size of up to `largest`, which becomes that of the class.
static unsigned class_of(size_t *size) {
    if (*size <= exact) {
        unsigned steps = (unsigned)(*size + 7) / 16;
        *size = steps * 16 + 8;
        return steps;
    }
    size_t last = *size - 9;
    unsigned power = 63 - (unsigned)__builtin_clzl(last), shift = power - 2;
    size_t steps = (last >> shift) + 1;
    *size = (steps << shift) + 8;
    return exact_classes + (power - 10) * 4 + (unsigned)steps - 5;
}

static struct block *block_of(void *memory) { return (struct block *)((char *)memory - header); }

static void *map(size_t length) {
    void *pages = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages != MAP_FAILED) return pages;
    c_step_out_of_memory();
    return NULL;
}

// A mapping begins with 16 bytes, of which the latter 8 are the block's size.
static size_t mapping_length(size_t size) { return (size + 16 + page - 1) & ~(size_t)(page - 1); }

static void *mapped(char *pages, size_t length) {
    if (!pages) return NULL;
    struct block *block = (struct block *)(pages + 16 - header);
    block->size = length - 16;
    return &block->next;
}

void *c_allocate(size_t size) {
    if (size > largest) {
        if (size > PTRDIFF_MAX - 2 * page) {
            errno = ENOMEM;
            return NULL;
        }
        size_t length = mapping_length(size);
        return mapped(map(length), length);
    }
    unsigned class = class_of(&size);
    struct block *block = released[class];
    if (block) {
        released[class] = block->next;
        return &block->next;
    }
    if ((size_t)(unused_end - unused) < size + header) {
        char *more = map(region);
        if (!more) return NULL;
        unused = more + header;
        unused_end = more + region;
    }
    block = (struct block *)unused;
    unused += header + size;
    block->size = size;
    return &block->next;
}

void c_release(void *memory) {
    if (!memory) return;
    struct block *block = block_of(memory);
    if (block->size > largest) {
        munmap((char *)memory - 16, block->size + 16);
        return;
    }
    size_t size = block->size;
    unsigned class = class_of(&size);
    block->next = released[class];
    released[class] = block;
}

void *c_allocate_zeros(size_t count, size_t size) {
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = c_allocate(whole);
    // The kernel's pages are zeros already.
    if (memory && whole <= largest) memset(memory, 0, whole);
    return memory;
}

void *c_reallocate(void *memory, size_t size) {
    if (!memory) return c_allocate(size);
    size_t old = block_of(memory)->size;
    if (old > largest && size > largest && size <= PTRDIFF_MAX - 2 * page) {
        size_t length = mapping_length(size);
        char *pages = mremap((char *)memory - 16, old + 16, length, MREMAP_MAYMOVE);
        if (pages == MAP_FAILED) c_step_out_of_memory();
        return pages == MAP_FAILED ? NULL : mapped(pages, length);
    }
    if (size <= old && old <= largest) return memory;
    void *other = c_allocate(size);
    if (!other) return NULL;
    memcpy(other, memory, size < old ? size : old);
    c_release(memory);
    return other;
}

int c_allocate_aligned(void **memory, size_t alignment, size_t size) {
    // No type here wants more than all have.
    if (alignment > 16) return EINVAL;
    void *allocated = c_allocate(size);
    if (!allocated) return ENOMEM;
    *memory = allocated;
    return 0;
}

#ifdef WHERRY_STATIC
void *malloc(size_t size) { return c_allocate(size); }
void free(void *memory) { c_release(memory); }
void *calloc(size_t count, size_t size) { return c_allocate_zeros(count, size); }
void *realloc(void *memory, size_t size) { return c_reallocate(memory, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) { return c_allocate_aligned(memory, alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) {
    void *memory = NULL;
    errno = c_allocate_aligned(&memory, alignment, size);
    return memory;
}
#endif
