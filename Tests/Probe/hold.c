#include "probe.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

// hold TYPE...: makes namespaces of these types, and a process that sits in them. Writes its pid, then waits. A new user
// namespace gets the ids that a map is written for from outside.
int hold_namespaces(int count, char **arguments) {
    static const struct {
        const char *name;
        int flag;
    } types[] = {
        {"mount", CLONE_NEWNS}, {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC},       {"network", CLONE_NEWNET},
        {"pid", CLONE_NEWPID},  {"user", CLONE_NEWUSER}, {"cgroup", CLONE_NEWCGROUP}, {"time", CLONE_NEWTIME},
    };
    int flags = 0;
    for (int i = 0; i < count; i++)
        for (size_t j = 0; j < sizeof types / sizeof *types; j++)
            if (!strcmp(arguments[i], types[j].name)) flags |= types[j].flag;
    if (unshare(flags) < 0) fail("unshare");
    // Only a child is in a new pid or time namespace.
    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    printf("%d\n", child);
    fflush(stdout);
    int status;
    waitpid(child, &status, 0);
    return 0;
}
