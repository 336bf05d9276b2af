#include "CLinux.h"

int c_signal_descriptor(void) {
    // Not: those that say something about this very process (SIGPIPE, SIGTTIN, SIGTTOU, SIGTSTP), or that nobody can catch.
    static const int numbers[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,   SIGUSR1, SIGUSR2, SIGALRM,
                                  SIGCONT, SIGCHLD, SIGWINCH, SIGVTALRM, SIGIO,   SIGPWR,  SIGURG};
    sigset_t set;
    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaddset(&set, numbers[i]);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++) sigaddset(&set, number);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void end_by_signal(int number) { _exit(128 + number); }

void c_end_by_signals(void) {
    static const int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
    struct sigaction action = {.sa_handler = end_by_signal};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}

void c_signals_reset(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int number = 1; number < 65; number++) sigaction(number, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
