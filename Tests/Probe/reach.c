#include "probe.h"

#include <dirent.h>
#include <sys/ptrace.h>
#include <sys/sysmacros.h>

// A hostile container: it looks at each process that appears in /proc and isn't yet confined to the container, and tries every
// way from there to the host. It writes a line for each attempt that succeeds.

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#endif

static const char *canary;  // a path that exists on the host but not in the container
static dev_t own_devices[3];  // those of the container's own file systems
static unsigned long looked_at, foreign;
static unsigned long long held;  // union of the capabilities of all processes that it could trace
static unsigned long unfiltered;  // how often a traced process of the runtime had no filter

static void report(pid_t pid, const char *what, const char *detail) {
    printf("reached: %s %s of %d\n", what, detail, pid);
    fflush(stdout);
}

/// Reports whether the canary can be reached from a directory: ".." from a directory outside of our root ends at the host's
/// root.
static void look_up(pid_t pid, const char *directory) {
    char path[512];
    snprintf(path, sizeof path, "/proc/%d/%s/../../../../../../../../../..%s", pid, directory, canary);
    if (access(path, F_OK) == 0) report(pid, "the host's files by", directory);
    snprintf(path, sizeof path, "/proc/%d/%s%s", pid, directory, canary);
    if (access(path, F_OK) == 0) report(pid, "the host's files by", directory);
}

static int is_own(const struct stat *status) {
    for (int i = 0; i < 3; i++)
        if (own_devices[i] == status->st_dev) return 1;
    return 0;
}

/// Opens a process's program. Returns -1 if that fails, or if the program is a file of the container.
static int open_foreign_program(pid_t pid) {
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/exe", pid);
    int program = open(path, O_RDONLY | O_CLOEXEC);
    if (program < 0) return -1;
    if (fstat(program, &status) == 0 && is_own(&status)) {
        close(program);
        return -1;
    }
    return program;
}

static void try_program(pid_t pid) {
    char path[64];
    unsigned char byte;
    int program = open_foreign_program(pid);
    if (program < 0) return;
    foreign++;
    if ((fcntl(program, F_GET_SEALS) & 0xF) != 0xF) report(pid, "a program that isn't sealed", "exe");
    // A running program can't be opened for writing (ETXTBSY), so try again for a while.
    snprintf(path, sizeof path, "/proc/self/fd/%d", program);
    for (int i = 0; i < 20; i++) {
        int writable = open(path, O_RDWR | O_CLOEXEC);
        if (writable >= 0) {
            if (pread(writable, &byte, 1, 0) == 1 && pwrite(writable, &byte, 1, 0) == 1) report(pid, "a writable program", "exe");
            if (ftruncate(writable, 0) == 0) report(pid, "a program that can be emptied", "exe");
            close(writable);
            break;
        }
        if (errno != ETXTBSY) break;
        usleep(200);
    }
    close(program);
}

static void try_descriptors(pid_t pid) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    DIR *directory = opendir(path);
    if (!directory) return;
    for (struct dirent *entry; (entry = readdir(directory));) {
        char name[300], target[256] = "";
        struct stat status;
        if (entry->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "fd/%s", entry->d_name);
        look_up(pid, name);
        snprintf(name, sizeof name, "/proc/%d/fd/%s", pid, entry->d_name);
        // The standard streams are skipped: the caller passes them to the container on purpose.
        if (atoi(entry->d_name) <= 2 || stat(name, &status) < 0 || readlink(name, target, sizeof target - 1) < 0) continue;
        if (is_own(&status) || S_ISSOCK(status.st_mode) || S_ISFIFO(status.st_mode) || S_ISDIR(status.st_mode)) continue;
        int program = open_foreign_program(pid);
        if (program >= 0) {
            report(pid, "the descriptor", target);
            close(program);
        }
    }
    closedir(directory);
}

/// With CAP_SYS_ADMIN a mapped file can be opened through /proc/PID/map_files. A program from outside the container is in memory
/// (memfd_create), on the same device as everything else that the process may have mapped.
static void try_mappings(pid_t pid, int program) {
    char path[64], line[512];
    struct stat status, mapped = {0};
    unsigned int major, minor;
    unsigned long inode;
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps || fstat(program, &status) < 0) return;
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%*s %*s %*s %x:%x %lu", &major, &minor, &inode) != 3 || inode == 0) continue;
        mapped.st_dev = makedev(major, minor);
        if (mapped.st_dev != status.st_dev && !is_own(&mapped)) report(pid, "the mapped file", line);
    }
    fclose(maps);
}

/// A tracer can use the capabilities of the traced process, and through a set-user-ID program its bounding set too.
static void note_capabilities(pid_t pid) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *status = fopen(path, "re");
    if (!status) return;
    while (fgets(line, sizeof line, status))
        if (!strncmp(line, "CapPrm:", 7) || !strncmp(line, "CapBnd:", 7) || !strncmp(line, "CapInh:", 7))
            held |= strtoull(line + 7, NULL, 16);
        else if (!strcmp(line, "Seccomp:\t0\n"))
            unfiltered++;
    fclose(status);
}

static void try_tracing(pid_t pid, int is_allowed) {
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0) return;
    int program = open_foreign_program(pid);
    if (program >= 0) {
        if (!is_allowed) report(pid, "the right to trace", "exe");
        note_capabilities(pid);
        try_mappings(pid, program);
        close(program);
    }
    try_descriptors(pid);
    // A traced process must be stopped before it can be detached (ptrace(2)).
    int status;
    if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 && waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
        ptrace(PTRACE_DETACH, pid, 0, 0);
}

static void send_signals(pid_t pid, int number) {
    if (number > 0) kill(pid, number);
}

// reach CANARY trace|watch|signal:NUMBER: runs until /tmp/stop exists. At the end it writes how often it looked at another
// process, how often at a program from outside the container, how often a traced process with such a program had no filter, and
// the capabilities of all such processes.
int reach_for_host(int count, char **arguments) {
    if (count != 2) return 2;
    canary = arguments[0];
    int may_trace = !strcmp(arguments[1], "trace");
    int number = strncmp(arguments[1], "signal:", 7) ? 0 : atoi(arguments[1] + 7);
    struct stat root;
    static const char *const places[] = {"/", "/dev", "/proc"};
    for (int i = 0; i < 3; i++) {
        if (stat(places[i], &root) < 0) fail(places[i]);
        own_devices[i] = root.st_dev;
    }
    puts("ready");
    fflush(stdout);
    while (access("/tmp/stop", F_OK) < 0) {
        DIR *processes = opendir("/proc");
        if (!processes) fail("/proc");
        for (struct dirent *entry; (entry = readdir(processes));) {
            pid_t pid = (pid_t)atoi(entry->d_name);
            if (pid <= 0 || pid == getpid()) continue;
            looked_at++;
            send_signals(pid, number);
            if (number) continue;
            look_up(pid, "root");
            look_up(pid, "cwd");
            try_descriptors(pid);
            try_tracing(pid, may_trace);
            try_program(pid);
        }
        closedir(processes);
    }
    printf("looked %lu times, at %lu programs\nunfiltered %lu\nheld %016llx\n", looked_at, foreign, unfiltered, held);
    return 0;
}
