#include "probe.h"

#include <linux/keyctl.h>

_Noreturn void fail(const char *what) {
    fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
    exit(125);
}

// pause: waits until it's killed
static int wait_for_ever(int count, char **arguments) {
    (void)count, (void)arguments;
    for (;;) pause();
}

// await-signal NUMBER: writes "ready", waits for the signal, and writes its number
static int await_signal(int count, char **arguments) {
    sigset_t set;
    int got;
    if (count != 1) return 2;
    sigemptyset(&set);
    sigaddset(&set, atoi(arguments[0]));
    sigprocmask(SIG_BLOCK, &set, NULL);
    puts("ready");
    fflush(stdout);
    sigwait(&set, &got);
    printf("got %d\n", got);
    return 0;
}

// syscall NUMBER [ARGUMENT...]: writes the result, and the number of the error if the call fails
static int call(int count, char **arguments) {
    long value[7] = {0};
    if (count < 1 || count > 7) return 2;
    for (int i = 0; i < count; i++) value[i] = (long)strtoull(arguments[i], NULL, 0);
    errno = 0;
    long result = syscall(value[0], value[1], value[2], value[3], value[4], value[5], value[6]);
    if (result == -1)
        printf("error %d\n", errno);
    else
        printf("result %ld\n", result);
    return 0;
}

// open MODE PATH...: opens each path for r, w or rw, and writes "PATH: 0" or the number of the error
static int open_files(int count, char **arguments) {
    if (count < 2) return 2;
    int mode = !strcmp(arguments[0], "r") ? O_RDONLY : !strcmp(arguments[0], "w") ? O_WRONLY : O_RDWR;
    for (int i = 1; i < count; i++) {
        int descriptor = open(arguments[i], mode | O_NONBLOCK | O_NOCTTY);
        printf("%s: %d\n", arguments[i], descriptor < 0 ? errno : 0);
        if (descriptor >= 0) close(descriptor);
    }
    return 0;
}

// descriptors: writes the numbers of all open descriptors, with their targets if /proc is mounted
static int show_descriptors(int count, char **arguments) {
    (void)count, (void)arguments;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    int last = limit.rlim_max > 1 << 20 ? 1 << 20 : (int)limit.rlim_max;
    for (int i = 0; i < last; i++) {
        if (fcntl(i, F_GETFD) < 0) continue;
        char link[64], target[512] = "";
        snprintf(link, sizeof link, "/proc/self/fd/%d", i);
        if (readlink(link, target, sizeof target - 1) < 0) target[0] = 0;
        printf("%d %s\n", i, target);
    }
    return 0;
}

// keyring: writes type, owner, permissions and name of the session keyring
static int show_keyring(int count, char **arguments) {
    (void)count, (void)arguments;
    char text[512] = "";
    if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof text, 0) < 0) fail("keyctl");
    long serial = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0, 0, 0);
    printf("%ld %s\n", serial, text);
    return 0;
}

// write-to NUMBER TEXT: writes to an inherited descriptor
static int write_to(int count, char **arguments) {
    if (count != 2) return 2;
    if (write(atoi(arguments[0]), arguments[1], strlen(arguments[1])) < 0) fail("write");
    return 0;
}

// allocate MEBIBYTES: allocates this much memory and touches all of it
static int allocate(int count, char **arguments) {
    if (count != 1) return 2;
    size_t size = (size_t)atoi(arguments[0]) << 20;
    char *memory = malloc(size);
    if (!memory) fail("malloc");
    memset(memory, 1, size);
    printf("allocated %d\n", memory[size / 2]);
    return 0;
}

// environment FILE: writes all variables to the file, each with its terminating NUL
static int show_environment(int count, char **arguments) {
    if (count != 1) return 2;
    FILE *file = fopen(arguments[0], "w");
    if (!file) fail(arguments[0]);
    for (char **variable = environ; *variable; variable++) fwrite(*variable, 1, strlen(*variable) + 1, file);
    return fclose(file) == 0 ? 0 : 1;
}

static int wait_as_thread(void *unused) {
    (void)unused;
    for (;;) pause();
}

// thread [first-ends]: starts a second thread; both wait, or the first one ends
static int hold_thread(int count, char **arguments) {
    static char stack[65536] __attribute__((aligned(16)));
    if (count > 1 || (count == 1 && strcmp(arguments[0], "first-ends"))) return 2;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    if (clone(wait_as_thread, stack + sizeof stack, flags, NULL) < 0) fail("clone");
    if (count == 1) syscall(SYS_exit, 0);
    return wait_as_thread(NULL);
}

// as ID PROGRAM …: runs the program as an unprivileged user, in the group of the same number only
static int run_as(int count, char **arguments) {
    if (count < 2) return 2;
    uid_t id = (uid_t)strtoul(arguments[0], NULL, 10);
    if (setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0) fail("as");
    execv(arguments[1], arguments + 1);
    fail(arguments[1]);
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        int (*run)(int, char **);
    } commands[] = {
        {"pause", wait_for_ever},          {"await-signal", await_signal}, {"syscall", call},
        {"open", open_files},              {"descriptors", show_descriptors}, {"keyring", show_keyring},
        {"write-to", write_to},            {"allocate", allocate},         {"attributes", show_attributes},
        {"odd", run_with_odd_attributes},  {"hold", hold_namespaces},      {"environment", show_environment},
        {"inject", supervise},             {"reach", reach_for_host},       {"expire", expire},
        {"as", run_as},                    {"thread", hold_thread},        {"memory", search_memory},
        {"impersonate", impersonate},      {"notify", notify},            {"labels", show_labels},
    };
    for (size_t i = 0; count > 1 && i < sizeof commands / sizeof *commands; i++)
        if (!strcmp(arguments[1], commands[i].name)) return commands[i].run(count - 2, arguments + 2);
    fprintf(stderr, "probe: unknown command\n");
    return 2;
}
