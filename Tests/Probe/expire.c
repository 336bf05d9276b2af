#include "probe.h"

// expire MICROSECONDS COMMAND...: kills the command after this time, and reaps all its descendants. The status is 1 if one of
// them doesn't end within 20 seconds.
int expire(int count, char **arguments) {
    if (count < 2) return 2;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t program = fork();
    if (program < 0) fail("fork");
    if (program == 0) {
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }
    usleep((useconds_t)atoi(arguments[0]));
    kill(program, SIGKILL);
    for (int i = 0; i < 20000; i++) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        if (ended < 0) return 0;
        if (ended == 0) usleep(1000);
    }
    fprintf(stderr, "probe: a process lives on\n");
    return 1;
}
