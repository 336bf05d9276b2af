// The allocator of the release program, under names that tests can call: malloc(3), free(3), calloc(3), realloc(3) and
// posix_memalign(3). Memory from these functions may be passed only to these functions. They must not be called by several
// threads.
#pragma once

#include <stddef.h>

#pragma clang assume_nonnull begin

void *_Nullable c_allocate(size_t size);
void c_release(void *_Nullable memory);
void *_Nullable c_allocate_zeros(size_t count, size_t size);
void *_Nullable c_reallocate(void *_Nullable memory, size_t size);
/// Returns EINVAL for an alignment above 16.
int c_allocate_aligned(void *_Nullable *_Nonnull memory, size_t alignment, size_t size);

/// Starts again on new pages: later allocations share no page with earlier ones.
void c_allocation_begin(void);
/// Calls `act` for each range of pages from before the last `c_allocation_begin`, until `act` returns a number other than 0.
///
/// - Returns: that number, or 0.
int c_allocation_each_former(int (*_Nonnull act)(void *memory, size_t length));
/// Makes the allocator forget those pages. A process from which they were withheld must call this first.
void c_allocation_forget_former(void);

#pragma clang assume_nonnull end
