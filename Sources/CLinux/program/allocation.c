// The allocator of the release program, which has one thread and usually ends within milliseconds.
//
// musl's allocator makes and removes mappings very often. With this allocator most commands never make one: a region in the
// program's image is enough. Released blocks are kept in lists by size and used again; only large blocks are mappings of their
// own.
//
// A process whose memory the container can read must hold no data of the caller's. So the allocator can start again on new
// pages (c_allocation_begin). The data that such a process needs is copied to them, and all earlier pages can be withheld from
// the process (c_memory_withhold) or unmapped (c_memory_drop).
#include "CLinux.h"
#include "../pages.h"

#include <stddef.h>

// A block: its size, then the memory that the caller gets, at a multiple of 16. So every size is a multiple of 16, plus 8.
struct block {
    size_t size;
    struct block *next;     // only while the block is released
};

enum {
    header = offsetof(struct block, next),
    // Up to this size there is a class for each multiple of 16; above it, there are four classes for each power of two.
    exact = 1032,
    exact_classes = 65,
    largest = (1 << 17) + 8,
    classes = exact_classes + 4 * 7,
    page = 4096,
    region = 1 << 20,
};

// The beginning of a mapping, which is either a region for small blocks or one large block.
struct mapping {
    struct mapping *next;
    struct mapping **link;      // the pointer to this mapping
    size_t length;
    size_t size;                // a large block's own size, right before its memory; 0 for a region
};

static struct block *released[classes];
static char first_region[1 << 17] __attribute__((aligned(largest_page)));
static char *unused = first_region + header, *unused_end = first_region + sizeof first_region;
static struct mapping *mappings, *former;
static int first_region_is_former;

static void enlist(struct mapping *mapping, struct mapping **list) {
    mapping->next = *list;
    mapping->link = list;
    if (*list) (*list)->link = &mapping->next;
    *list = mapping;
}

static void delist(struct mapping *mapping) {
    *mapping->link = mapping->next;
    if (mapping->next) mapping->next->link = mapping->link;
}

void c_allocation_begin(void) {
    while (mappings) {
        struct mapping *mapping = mappings;
        delist(mapping);
        enlist(mapping, &former);
    }
    first_region_is_former = 1;
    memset(released, 0, sizeof released);
    unused = unused_end = NULL;
}

int c_allocation_each_former(int (*act)(void *, size_t)) {
    int result = first_region_is_former ? act(first_region, sizeof first_region) : 0;
    for (struct mapping *mapping = former, *next; mapping && result == 0; mapping = next) {
        // `act` may unmap the mapping.
        next = mapping->next;
        result = act(mapping, mapping->length);
    }
    return result;
}

void c_allocation_forget_former(void) {
    first_region_is_former = 0;
    former = NULL;
}

static int is_in(const void *memory, const void *start, size_t length) {
    return (const char *)memory >= (const char *)start && (const char *)memory < (const char *)start + length;
}

static int is_former(const void *memory) {
    if (first_region_is_former && is_in(memory, first_region, sizeof first_region)) return 1;
    for (const struct mapping *mapping = former; mapping; mapping = mapping->next)
        if (is_in(memory, mapping, mapping->length)) return 1;
    return 0;
}

// The class for a size of at most `largest`. The size is rounded up to that of the class.
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

static struct mapping *map(size_t length) {
    struct mapping *mapping = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) {
        c_step_out_of_memory();
        return NULL;
    }
    mapping->length = length;
    enlist(mapping, &mappings);
    return mapping;
}

static size_t mapping_length(size_t size) { return (size + sizeof(struct mapping) + page - 1) & ~(size_t)(page - 1); }

static void *large(struct mapping *mapping) {
    if (!mapping) return NULL;
    mapping->size = mapping->length - sizeof *mapping;
    return mapping + 1;
}

static struct mapping *mapping_of(void *memory) { return (struct mapping *)memory - 1; }

__attribute__((noinline)) static void *allocate_new(size_t size) {
    if (size > largest) {
        if (size > PTRDIFF_MAX - 2 * page) {
            errno = ENOMEM;
            return NULL;
        }
        return large(map(mapping_length(size)));
    }
    unsigned class = class_of(&size);
    struct block *block = released[class];
    if (block) {
        released[class] = block->next;
        return &block->next;
    }
    if ((size_t)(unused_end - unused) < size + header) {
        struct mapping *more = map(region);
        if (!more) return NULL;
        unused = (char *)(more + 1) + header;
        unused_end = (char *)more + region;
    }
    block = (struct block *)unused;
    unused += header + size;
    block->size = size;
    return &block->next;
}

// The shortest way for nearly all blocks: a released one of the exact size is there.
static inline void *allocate(size_t size) {
    if (size > exact) return allocate_new(size);
    struct block **list = &released[(size + 7) / 16], *block = *list;
    if (!block) return allocate_new(size);
    *list = block->next;
    return &block->next;
}

void *c_allocate(size_t size) { return allocate(size); }

__attribute__((noinline)) static void release_other(void *memory) {
    struct block *block = block_of(memory);
    if (block->size > largest) {
        delist(mapping_of(memory));
        munmap(mapping_of(memory), mapping_of(memory)->length);
        return;
    }
    if (first_region_is_former && is_former(memory)) return;
    size_t size = block->size;
    unsigned class = class_of(&size);
    block->next = released[class];
    released[class] = block;
}

void c_release(void *memory) {
    if (!memory) return;
    struct block *block = block_of(memory);
    if (block->size > exact || first_region_is_former) return release_other(memory);
    struct block **list = &released[block->size / 16];
    block->next = *list;
    *list = block;
}

void *c_allocate_zeros(size_t count, size_t size) {
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    void *memory = c_allocate(whole);
    // A large block consists of new pages, which the kernel has filled with zeros.
    if (memory && whole <= largest) memset(memory, 0, whole);
    return memory;
}

static void *resized(struct mapping *mapping, size_t size) {
    size_t length = mapping_length(size);
    delist(mapping);
    struct mapping *moved = mremap(mapping, mapping->length, length, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        c_step_out_of_memory();
        enlist(mapping, &mappings);
        return NULL;
    }
    moved->length = length;
    enlist(moved, &mappings);
    return large(moved);
}

void *c_reallocate(void *memory, size_t size) {
    if (!memory) return c_allocate(size);
    size_t old = block_of(memory)->size;
    int is_kept = !first_region_is_former || !is_former(memory);
    if (is_kept && old > largest && size > largest && size <= PTRDIFF_MAX - 2 * page) return resized(mapping_of(memory), size);
    if (is_kept && size <= old && old <= largest) return memory;
    void *other = c_allocate(size);
    if (!other) return NULL;
    memcpy(other, memory, size < old ? size : old);
    c_release(memory);
    return other;
}

int c_allocate_aligned(void **memory, size_t alignment, size_t size) {
    // Every block is aligned to 16 bytes, and no type in this program needs more.
    if (alignment > 16) return EINVAL;
    void *allocated = allocate(size);
    if (!allocated) return ENOMEM;
    *memory = allocated;
    return 0;
}

#ifdef WHERRY_STATIC
void *malloc(size_t size) __attribute__((alias("c_allocate")));
void free(void *memory) __attribute__((alias("c_release")));
void *calloc(size_t count, size_t size) { return c_allocate_zeros(count, size); }
void *realloc(void *memory, size_t size) { return c_reallocate(memory, size); }
int posix_memalign(void **memory, size_t alignment, size_t size) __attribute__((alias("c_allocate_aligned")));
void *aligned_alloc(size_t alignment, size_t size) {
    void *memory = NULL;
    errno = c_allocate_aligned(&memory, alignment, size);
    return memory;
}
#endif
