#include "CLinux.h"

static int count;
static char **arguments;
static char **environment;

#ifdef WHERRY_STATIC
#include "program/entry.h"

__attribute__((constructor)) static void keep_arguments(void) {
    count = (int)initial_stack[0];
    arguments = (char **)(initial_stack + 1);
    environment = arguments + count + 1;
}
#else
// glibc passes argc, argv and envp to constructors; musl doesn't.
__attribute__((constructor)) static void keep_arguments(int argc, char **argv, char **envp) {
    count = argc;
    arguments = argv;
    environment = envp;
}
#endif

const char *c_argument(int index) { return index >= 0 && index < count ? arguments[index] : NULL; }

const char *c_environment(int index) {
    for (int i = 0; i <= index; i++)
        if (!environment[i]) return NULL;
    return environment[index];
}

char **c_arguments(void) { return arguments; }
char **c_environ(void) { return environment; }
