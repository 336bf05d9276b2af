// The largest page that a kernel for this processor can have. What is aligned to it is aligned for every kernel.
#pragma once

#if defined(__x86_64__)
enum { largest_page = 4096 };
#elif defined(__aarch64__)
enum { largest_page = 65536 };
#endif
