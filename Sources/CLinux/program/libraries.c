// What the libraries in the release program call and musl doesn't have: Embedded Swift a function of the BSDs, libseccomp and yajl,
// which Debian compiles for GNU's C library, that one's checked versions of the standard's.
#ifdef WHERRY_STATIC

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void arc4random_buf(void *buffer, size_t length) {
    // At most 256 bytes come whole, whatever signals do: random(4). Swift asks for the 16 of a hash's key.
    if (length > 256 || getrandom(buffer, length, 0) != (ssize_t)length) abort();
}

void *__memcpy_chk(void *to, const void *from, size_t length, size_t room) {
    if (length > room) abort();
    return memcpy(to, from, length);
}

int __snprintf_chk(char *to, size_t length, int flag, size_t room, const char *format, ...) {
    (void)flag;
    if (length > room) abort();
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(to, length, format, arguments);
    va_end(arguments);
    return written;
}

int __sprintf_chk(char *to, int flag, size_t room, const char *format, ...) {
    (void)flag;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(to, room, format, arguments);
    va_end(arguments);
    if (written < 0 || (size_t)written >= room) abort();
    return written;
}

// libseccomp's own generators alone write to files: module Seccomp makes the programs.
int __fprintf_chk(FILE *file, int flag, const char *format, ...) {
    (void)file, (void)flag, (void)format;
    abort();
}

#endif
