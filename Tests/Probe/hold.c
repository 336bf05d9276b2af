#include "probe.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

// hold TYPE...: makes namespaces of these types, and a process that stays in them. Writes the pid of that process, then waits.
// The id maps of a new user namespace are left to the caller.
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
    // After unshare(2), only children are in a new pid or time namespace.
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
