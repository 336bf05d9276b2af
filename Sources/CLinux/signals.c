#include "CLinux.h"

// Functions for all signals call the kernel directly: each C library reserves some real-time signals for itself, and not the
// same ones.
enum { last_signal = 64, first_real_time = 34 };
typedef uint64_t signals;
static signals only(int number) { return 1ULL << (number - 1); }

int c_signal_descriptor(void) {
    // The list leaves out signals that concern this process alone (SIGPIPE, SIGTTIN, SIGTTOU, SIGTSTP), and those that can't be
    // caught.
    static const int numbers[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,   SIGUSR1, SIGUSR2, SIGALRM,
                                  SIGCONT, SIGCHLD, SIGWINCH, SIGVTALRM, SIGIO,   SIGPWR,  SIGURG};
    signals set = 0;
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) set |= only(numbers[i]);
    for (int number = first_real_time; number <= last_signal; number++) set |= only(number);
    if (syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof set) < 0) return -1;
    return (int)syscall(SYS_signalfd4, -1, &set, sizeof set, SFD_CLOEXEC);
}

int c_take_end(void) {
    const signals set = only(SIGHUP) | only(SIGINT) | only(SIGQUIT) | only(SIGTERM);
    const struct timespec at_once = {0};
    long number = syscall(SYS_rt_sigtimedwait, &set, NULL, &at_once, sizeof set);
    return number > 0 ? (int)number : 0;
}

void c_end_for_good(int status) {
    syscall(SYS_exit_group, status);
    __builtin_trap();
}

static void end_by_signal(int number) { _exit(128 + number); }

void c_end_by_signals(void) {
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
    struct sigaction action = {.sa_handler = end_by_signal};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}

void c_signals_reset(void) {
    // struct sigaction as the kernel has it: all zero is SIG_DFL without flags.
    static const unsigned long by_default[4] = {0};
    for (int number = 1; number <= last_signal; number++)
        syscall(SYS_rt_sigaction, number, by_default, NULL, sizeof(signals));
    const signals none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}
