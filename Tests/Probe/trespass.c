#include "probe.h"

#include <sys/socket.h>

// What a process with CAP_SYS_PTRACE can do to other processes in its pid namespace.

static int pidfd_of(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static void send_signal(int process, int number) { syscall(SYS_pidfd_send_signal, process, number, NULL, 0); }

/// Waits for the next process of the runtime, and stops it.
static pid_t await_runtime(void) {
    for (pid_t pid = getpid() + 1;;) {
        char path[64], target[64] = "";
        int process = pidfd_of(pid);
        // Some pids may have come and gone unseen, so look at the next ones too.
        for (int ahead = 1; process < 0 && ahead < 32; ahead++)
            if ((process = pidfd_of(pid + ahead)) >= 0) pid += ahead;
        if (process < 0) continue;
        send_signal(process, SIGSTOP);
        snprintf(path, sizeof path, "/proc/%d/exe", pid);
        if (readlink(path, target, sizeof target - 1) > 0 && !strncmp(target, "/memfd:wherry", 13)) return pid;
        send_signal(process, SIGCONT);
        close(process);
        pid++;
    }
}

static unsigned long search(const char *memory, unsigned long length, int count, char **texts) {
    for (int i = 0; i < count; i++) {
        // The argument has an extra second character, so that the search doesn't find its own command line.
        char text[256];
        snprintf(text, sizeof text, "%c%s", texts[i][0], texts[i] + 2);
        if (memmem(memory, length, text, strlen(text))) printf("found %s\n", text);
    }
    return length;
}

// memory PID TEXT...: writes which of the texts are in a process's memory. "next" is the next process of the runtime.
int search_memory(int count, char **arguments) {
    if (count < 2) return 2;
    int is_next = !strcmp(arguments[0], "next");
    if (is_next) {
        puts("ready");
        fflush(stdout);
    }
    pid_t pid = is_next ? await_runtime() : (pid_t)atoi(arguments[0]);
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    if (!maps) fail(path);
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    if (memory < 0) fail(path);
    unsigned long searched = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char permissions[8];
        if (sscanf(line, "%lx-%lx %7s", &start, &end, permissions) != 3 || permissions[0] != 'r') continue;
        char *copy = malloc(end - start);
        if (copy && pread(memory, copy, end - start, (off_t)start) == (ssize_t)(end - start))
            searched += search(copy, end - start, count - 1, arguments + 1);
        free(copy);
    }
    printf("searched %lu KiB\n", searched / 1024);
    fflush(stdout);
    if (is_next) kill(pid, SIGCONT);
    return 0;
}

static int is_conversation(int descriptor) {
    struct stat status;
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    if (fstat(descriptor, &status) < 0 || !S_ISSOCK(status.st_mode)) return 0;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) return 0;
    size = sizeof listens;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && !listens;
}

static void say(int conversation, const unsigned char *bytes, size_t length, int descriptor) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
    union {
        char bytes[CMSG_SPACE(sizeof descriptor)];
        struct cmsghdr header;
    } control = {{0}};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    sendmsg(conversation, &message, MSG_NOSIGNAL);
}

// impersonate FIRST LAST NUMBER: takes the socket of each process that appears in the pid namespace, and sends messages over it
// that begin with each byte from FIRST to LAST, followed by the number and a pidfd of its own. Runs until /tmp/stop exists.
int impersonate(int count, char **arguments) {
    if (count != 3) return 2;
    int first = atoi(arguments[0]), last = atoi(arguments[1]), number = atoi(arguments[2]);
    int own = pidfd_of(getpid());
    pid_t next = getpid() + 1;
    puts("ready");
    fflush(stdout);
    while (access("/tmp/stop", F_OK) < 0) {
        int process = -1;
        for (pid_t pid = next; pid < next + 4 && process < 0; pid++)
            if ((process = pidfd_of(pid)) >= 0) next = pid;
        if (process < 0) continue;
        send_signal(process, SIGSTOP);
        int said = 0;
        for (int i = 3; i < 64 && !said; i++) {
            int stolen = (int)syscall(SYS_pidfd_getfd, process, i, 0);
            if (stolen < 0) continue;
            if (is_conversation(stolen)) {
                for (int tag = first; tag <= last; tag++) {
                    unsigned char words[9] = {(unsigned char)tag, 4};
                    memcpy(words + 5, &number, sizeof number);
                    say(stolen, words, sizeof words, own);
                    say(stolen, words, 1, own);
                }
                said = 1;
            }
            close(stolen);
        }
        if (said) printf("spoke for %d\n", next);
        fflush(stdout);
        send_signal(process, SIGCONT);
        close(process);
        next++;
    }
    return 0;
}
