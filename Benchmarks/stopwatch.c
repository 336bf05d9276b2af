// stopwatch: runs commands, waits for them, and writes "NANOSECONDS PEAK_KIB STATUS" to standard output.
//
//   stopwatch COMMAND [ARGUMENT ...]
//   stopwatch -n COUNT COMMAND [ARGUMENT ...]     COUNT of them at once, with {} in the arguments replaced by 0, 1, 2 ...
//
// The time ends with the last command, the peak is the largest one's, the status is 0 or that of a command that failed.
//
// This is a separate program because a process inherits its parent's peak resident size through vfork and execve: if Python
// started the command, the result would never be smaller than Python's size. The commands' output goes to standard error.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void fail(const char *call) {
    perror(call);
    exit(2);
}

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void execute(char **command) {
    dup2(2, 1);
    execv(command[0], command);
    _exit(127);
}

static void start(char **command) {
    pid_t pid = vfork();
    if (pid < 0) fail("vfork");
    if (pid == 0) execute(command);
}

static char *numbered(char *argument, int number) {
    char *result, *place = strstr(argument, "{}");
    if (!place) return argument;
    if (asprintf(&result, "%.*s%d%s", (int)(place - argument), argument, number, place + 2) < 0) fail("asprintf");
    return result;
}

// Makes the processes first. They all start when the last writing end of the pipe is closed. Returns that moment.
static long long start_at_once(int count, char **command) {
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) < 0) fail("pipe2");
    for (int i = 0; i < count; i++) {
        pid_t pid = fork();
        if (pid < 0) fail("fork");
        if (pid > 0) continue;
        for (char **argument = command; *argument; argument++) *argument = numbered(*argument, i);
        close(gate[1]);
        char byte;
        if (read(gate[0], &byte, 1) == 0) execute(command);
        _exit(127);
    }
    long long start = now_ns();
    close(gate[1]);
    return start;
}

int main(int argc, char **argv) {
    int together = argc > 3 && strcmp(argv[1], "-n") == 0;
    if (argc < 2) {
        fprintf(stderr, "usage: stopwatch [-n COUNT] COMMAND [ARGUMENT ...]\n");
        return 2;
    }
    int count = together ? atoi(argv[2]) : 1, failed = 0;
    long peak = 0;
    long long begin = now_ns();
    if (together) begin = start_at_once(count, argv + 3);
    else start(argv + 1);
    for (int i = 0; i < count; i++) {
        int status;
        struct rusage usage;
        if (wait4(-1, &status, 0, &usage) < 0) fail("wait4");
        if (usage.ru_maxrss > peak) peak = usage.ru_maxrss;
        if (status != 0) failed = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    printf("%lld %ld %d\n", now_ns() - begin, peak, failed);
    return 0;
}
