// Counts the user-space instructions of a program's own process by single steps, because valgrind doesn't support every system
// call.
//
//   instructions PROGRAM [ARGUMENT ...]      prints the number; discards the program's output
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments) {
    if (count < 2) return 2;
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);
        for (int stream = 0; stream < 3; stream++) dup2(null, stream);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execvp(arguments[1], arguments + 1);
        _exit(127);
    }
    long steps = 0;
    int status;
    // The child is stopped by its execve.
    if (waitpid(pid, &status, 0) != pid || ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL) < 0) return 1;
    if (ptrace(PTRACE_SINGLESTEP, pid, 0, 0) < 0) return 1;
    while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        int number = WSTOPSIG(status);
        if (number == SIGTRAP) {
            steps++;
            number = 0;
        }
        if (ptrace(PTRACE_SINGLESTEP, pid, 0, number) < 0) return 1;
    }
    printf("%ld\n", steps);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
