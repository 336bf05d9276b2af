#include "probe.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>

// Causes a fault at the K-th system call of a program and at no other, so that tests can put a fault at each place in turn
// instead of relying on chance. A filter notifies this process of each call of the program and its descendants
// (seccomp_unotify(2)). Unlike tracing, this doesn't change which processes the program may trace or what it can see.

enum { listener_number = 3 };

/// Calls that change nothing or are very frequent, so that a fault there isn't worth the time. All other calls are counted.
static const int uncounted[] = {
    SYS_read,          SYS_pread64,       SYS_close,        SYS_mmap,    SYS_munmap,        SYS_mprotect, SYS_brk,      SYS_exit,
    SYS_exit_group,    SYS_rt_sigreturn,  SYS_rt_sigaction, SYS_fstat,   SYS_getpid,        SYS_gettid,   SYS_getuid,   SYS_geteuid,
    SYS_clock_gettime, SYS_futex,         SYS_getrandom,    SYS_lseek,   SYS_rt_sigprocmask, SYS_ppoll,   SYS_wait4,
    SYS_restart_syscall, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_arch_prctl
    // Part of the C library's start-up, when the program can't report an error yet.
    SYS_arch_prctl,
#endif
};

static int install_filter(void) {
    enum { count = sizeof uncounted / sizeof *uncounted };
    struct sock_filter code[count + 3];
    code[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < count; i++)
        code[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)uncounted[i], (unsigned char)(count - i), 0);
    code[count + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    code[count + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {.len = count + 3, .filter = code};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

struct fault {
    long at;            // the number of the call that gets the fault, from 1
    int signal;         // sent to the process that makes the call
    int error;          // returned to the process instead of carrying out the call
    char *one, *other;  // paths to exchange
};

// Parses the kind of fault and the number of the call: kill K | trap K | error:NUMBER K | swap:PATH:PATH K
static struct fault parse(char *kind, const char *number) {
    struct fault fault = {.at = atol(number)};
    if (!strcmp(kind, "kill")) fault.signal = SIGKILL;
    if (!strcmp(kind, "trap")) fault.signal = SIGILL;
    if (!strncmp(kind, "error:", 6)) fault.error = atoi(kind + 6);
    if (!strncmp(kind, "swap:", 5)) {
        fault.one = kind + 5;
        fault.other = strchr(fault.one, ':');
        if (fault.other) *fault.other++ = 0;
    }
    return fault;
}

/// Answers one call. Returns 1 if it was the call that gets the fault, 0 for other calls, -1 if no call could be received.
static int answer(int listener, long number, const struct fault *fault, pid_t program) {
    union {
        struct seccomp_notif call;
        char room[512];
    } request;
    union {
        struct seccomp_notif_resp answer;
        char room[512];
    } response;
    memset(&request, 0, sizeof request);
    memset(&response, 0, sizeof response);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request.call) < 0) return -1;
    response.answer.id = request.call.id;
    response.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    int hit = number + 1 == fault->at;
    if (hit) {
        if (fault->signal) kill((pid_t)request.call.pid, fault->signal);
        if (fault->one) syscall(SYS_renameat2, AT_FDCWD, fault->one, AT_FDCWD, fault->other, 2 /* RENAME_EXCHANGE */);
        if (fault->error) {
            response.answer.flags = 0;
            response.answer.error = -fault->error;
        }
        dprintf(9, "%s %d\n", (pid_t)request.call.pid == program ? "program" : "descendant", request.call.data.nr);
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response.answer);
    return hit;
}

// inject KIND K COMMAND...: ends with the command's status, or by the same signal. If the fault was caused, it writes a line to
// descriptor 9: whether the program or a descendant made the call, and the number of the call.
int supervise(int count, char **arguments) {
    if (count < 3) return 2;
    struct fault fault = parse(arguments[0], arguments[1]);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t program = fork();
    if (program < 0) fail("fork");
    if (program == 0) {
        if (install_filter() != listener_number) _exit(126);
        // A counted call: it blocks until the parent has the listener and answers.
        syscall(SYS_dup3, listener_number, listener_number + 1, O_CLOEXEC);
        close(listener_number + 1);
        close(listener_number);
        close(9);
        execvp(arguments[2], arguments + 2);
        _exit(127);
    }
    int pidfd = (int)syscall(SYS_pidfd_open, program, 0), listener = -1;
    for (int i = 0; i < 5000 && listener < 0; i++) {
        listener = (int)syscall(SYS_pidfd_getfd, pidfd, listener_number, 0);
        if (listener < 0) usleep(1000);
    }
    if (listener < 0) fail("pidfd_getfd");

    // The first notification is the child's own dup3, which isn't counted.
    long number = -1;
    int status = 0, ended = 0;
    for (;;) {
        struct pollfd wait = {.fd = listener, .events = POLLIN};
        int ready = poll(&wait, 1, 20);
        if (ready > 0 && wait.revents & POLLIN) {
            if (answer(listener, number, &fault, program) >= 0) number++;
            continue;
        }
        if (!ended) ended = waitpid(program, &status, WNOHANG) == program;
        // Either no process is left under the filter (POLLHUP), or those that are left make no calls.
        if (ended && (ready <= 0 || wait.revents & POLLHUP)) break;
        if (wait.revents & POLLHUP) usleep(1000);
    }
    // Reaps descendants that end within 20 ms. Those that live longer go to the next subreaper.
    pid_t left = 0;
    for (int i = 0; i < 20 && (left = waitpid(-1, NULL, WNOHANG)) >= 0; i++) {
        if (left == 0) usleep(1000);
    }
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        kill(getpid(), WTERMSIG(status));
    }
    return WEXITSTATUS(status);
}
