#include "probe.h"

// Attributes that a process inherits from its parent and that a container must not inherit.

// attributes: writes a line NAME=VALUE for each attribute
int show_attributes(int count, char **arguments) {
    (void)count, (void)arguments;
    mode_t mask = umask(0);
    umask(mask);
    printf("umask=%03o\n", (unsigned)mask);

    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    printf("blocked=");
    for (int i = 1; i <= 64; i++)
        if (sigismember(&blocked, i) == 1) printf("%d ", i);
    printf("\nignored=");
    for (int i = 1; i <= 64; i++) {
        struct sigaction action;
        if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN) printf("%d ", i);
    }

    int value = 0;
    printf("\nnice=%d\n", getpriority(PRIO_PROCESS, 0));
    prctl(PR_GET_PDEATHSIG, &value);
    printf("pdeathsig=%d\n", value);
    prctl(PR_GET_CHILD_SUBREAPER, &value);
    printf("subreaper=%d\n", value);
    printf("dumpable=%d\n", prctl(PR_GET_DUMPABLE));
    printf("keepcaps=%d\n", prctl(PR_GET_KEEPCAPS));
    printf("securebits=%d\n", prctl(PR_GET_SECUREBITS));

    struct itimerval timer;
    getitimer(ITIMER_REAL, &timer);
    printf("timer=%d\n", timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0);

    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    sched_getaffinity(0, sizeof cpus, &cpus);
    printf("cpus=%d of %ld\n", CPU_COUNT(&cpus), sysconf(_SC_NPROCESSORS_ONLN));
    printf("policy=%d\n", sched_getscheduler(0));
    printf("ioprio=%ld\n", syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0));
    printf("euid=%d\n", (int)geteuid());
    gid_t groups[128];
    int group_count = getgroups(128, groups);
    printf("groups=");
    for (int i = 0; i < group_count; i++) printf("%d ", (int)groups[i]);
    printf("\n");
    printf("session=%d\n", getsid(0) == getpid());
    return 0;
}

// odd COMMAND...: runs the command with unusual values of all these attributes
int run_with_odd_attributes(int count, char **arguments) {
    if (count < 1) return 2;
    umask(0137);
    gid_t groups[] = {10, 11, 12};
    setgroups(3, groups);
    for (int i = 1; i <= 64; i++)
        if (i != SIGKILL && i != SIGSTOP && i != 32 && i != 33) signal(i, SIG_IGN);
    // The command can still wait for its children: a caller that ignores SIGCHLD is a case of its own.
    if (!getenv("IGNORE_SIGCHLD")) signal(SIGCHLD, SIG_DFL);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setpriority(PRIO_PROCESS, 0, 7);
    prctl(PR_SET_PDEATHSIG, SIGUSR2);
    struct itimerval timer = {.it_value = {.tv_sec = 3600}};
    setitimer(ITIMER_REAL, &timer, NULL);
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(0, &cpus);
    sched_setaffinity(0, sizeof cpus, &cpus);
    // Descriptors of host directories, with low and high numbers.
    for (int i = 3; i < 40; i++) {
        int directory = open(i % 2 ? "/" : "/etc", O_RDONLY | O_DIRECTORY);
        if (directory != i) dup2(directory, i);
    }
    dup2(3, 1000);
    execvp(arguments[0], arguments);
    fail(arguments[0]);
}
