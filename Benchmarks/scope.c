// scope: shows how long systemd itself takes to make a scope, the unit that a container's processes are in. It makes one around
// a process that waits, with StartTransientUnit (org.freedesktop.systemd1(5)), waits for the end of systemd's job, and ends the
// process. systemd then removes the scope by itself.
//
//   cc -O2 -o scope scope.c -lsystemd
//   scope SLICE NAME         makes NAME-PID.scope in SLICE
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#define MANAGER "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager"

static pid_t child;

static int check(int result, const char *what) {
    if (result >= 0) return result;
    fprintf(stderr, "scope: %s: %s\n", what, strerror(-result));
    if (child > 0) kill(child, SIGKILL);
    exit(9);
}

struct unit {
    const char *name;
    int ended, failed;
};

static int job_removed(sd_bus_message *message, void *argument, sd_bus_error *error) {
    (void)error;
    struct unit *unit = argument;
    unsigned id;
    const char *job, *name, *result;
    check(sd_bus_message_read(message, "uoss", &id, &job, &name, &result), "JobRemoved");
    if (strcmp(name, unit->name) == 0) {
        unit->ended = 1;
        unit->failed = strcmp(result, "done") != 0;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: scope SLICE NAME\n");
        return 2;
    }
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
    }
    if (child < 0) check(-errno, "fork");
    char name[256];
    snprintf(name, sizeof name, "%s-%d.scope", argv[2], getpid());
    struct unit unit = {name, 0, 0};
    sd_bus *bus;
    check(sd_bus_open_system(&bus), "connection to the bus");
    check(sd_bus_match_signal(bus, 0, MANAGER, "JobRemoved", job_removed, &unit), "match");
    check(sd_bus_call_method(bus, MANAGER, "StartTransientUnit", 0, 0, "ssa(sv)a(sa(sv))", name, "fail", 3, "PIDs", "au", 1,
                             (unsigned)child, "Delegate", "b", 1, "Slice", "s", argv[1], 0),
          "StartTransientUnit");
    while (!unit.ended) {
        check(sd_bus_process(bus, 0), "messages");
        if (!unit.ended) check(sd_bus_wait(bus, (uint64_t)-1), "wait");
    }
    kill(child, SIGKILL);
    return unit.failed;
}
