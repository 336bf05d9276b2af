// What glibc and libseccomp bring into a static program for calls that can't happen in this one: printf, wide characters and
// character sets, unwinding, a search for libraries, libseccomp's own generators. One function refers to the next: together they
// would be a quarter of the program. Each chain ends here, at a function of the same name that the linker meets first.
//
// All are weak: where another version of a library is cut into other pieces, the linker takes its own function instead of ours, and
// the program is larger, not wrong. Only for the release program: the tests run with the whole C library.
#ifdef WHERRY_STATIC

#include <stdlib.h>

// Were one called after all, trap.c would say in which step.
static void unreachable(void) { abort(); }
#define UNREACHABLE(name) extern void unreachable_##name(void) __asm__(#name) __attribute__((weak, alias("unreachable")));

// What a library says before it aborts. It aborts all the same.
UNREACHABLE(__assert_fail)

// malloc_stats().
UNREACHABLE(fprintf)

// The dynamic loader's errors.
UNREACHABLE(__strerror_r)

// Conversion of wide characters: no stream is ever wide, no locale set.
UNREACHABLE(__wcsmbs_clone_conv)
UNREACHABLE(__wcsmbs_load_conv)
UNREACHABLE(__wcsmbs_named_conv)
char wide_conversions[64] __asm__("__wcsmbs_gconv_fcts_c") __attribute__((weak));

// Unwinding: release.ld drops the tables for it.
UNREACHABLE(__gcc_personality_v0)
UNREACHABLE(_Unwind_Resume)

// yajl calls it for callers who want numbers as double: we ask for their text.
UNREACHABLE(strtod)

// libseccomp is here for its tables of system calls: module Seccomp makes the programs.
UNREACHABLE(gen_bpf_generate)
UNREACHABLE(gen_bpf_release)
UNREACHABLE(gen_pfc_generate)

// This one is called, at the start: nothing is ever loaded, so there are no directories to look for it in.
static void search_nowhere(void) {}
extern void search_paths(void) __asm__("_dl_init_paths") __attribute__((weak, alias("search_nowhere")));

#endif
