// The allocator of the release program, under names that tests of it can call: malloc(3), free(3), calloc(3), realloc(3) and
// posix_memalign(3). What one of these gave is taken back by these alone. Not for more than one thread.
#pragma once

#include <stddef.h>

#pragma clang assume_nonnull begin

void *_Nullable c_allocate(size_t size);
void c_release(void *_Nullable memory);
void *_Nullable c_allocate_zeros(size_t count, size_t size);
void *_Nullable c_reallocate(void *_Nullable memory, size_t size);
/// EINVAL for more than 16.
int c_allocate_aligned(void *_Nullable *_Nonnull memory, size_t alignment, size_t size);

/// Starts anew: what is allocated from here on shares no page with what was allocated before.
void c_allocation_begin(void);
/// Does something to each range of pages from before the last `c_allocation_begin`, until it returns another number than 0.
///
/// - Returns: that number, or 0.
int c_allocation_each_former(int (*_Nonnull act)(void *memory, size_t length));
/// For a process that hasn't got those pages: it must not look at them again.
void c_allocation_forget_former(void);

#pragma clang assume_nonnull end
