#include "CLinux.h"

// Functions for all signals call the kernel directly: each C library reserves some real-time signals for itself, and not the
// same ones.
enum { last_signal = 64, first_real_time = 34 };
typedef uint64_t signals;
static signals only(int number) { return 1ULL << (number - 1); }

// struct sigaction as the kernel has it. All zero is SIG_DFL without flags.
struct kernel_action {
    void *handler;
    unsigned long flags;
    void *restorer;
    signals mask;
};

static void act(int number, struct kernel_action action) { syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(signals)); }

// The signals that this process ignores itself, and those that it may ignore since its caller did: all until that is known.
static signals ignored_by_us, perhaps_ignored = ~0ULL;

void c_signals_expect_ignored(uint64_t numbers) { perhaps_ignored = numbers | ignored_by_us; }

void c_ignore_signal(int number) {
    if (ignored_by_us & only(number)) return;
    ignored_by_us |= only(number);
    perhaps_ignored |= only(number);
    act(number, (struct kernel_action){.handler = SIG_IGN});
}

// The kernel demands a function to which a handler returns. Ours don't return.
static void return_from_handler(void) { _exit(255); }

void c_handle_by_ending(int number, void *handler, unsigned long flags) {
    act(number, (struct kernel_action){handler, flags | 0x04000000 /* SA_RESTORER */, return_from_handler, 0});
}

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
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) c_handle_by_ending(numbers[i], end_by_signal, 0);
}

void c_default_signal(int number) {
    ignored_by_us &= ~only(number);
    act(number, (struct kernel_action){0});
}

static void reset(signals set) {
    ignored_by_us &= ~set;
    set &= ~(only(SIGKILL) | only(SIGSTOP));
    for (int number = 1; number <= last_signal; number++)
        if (set & only(number)) act(number, (struct kernel_action){0});
    const signals none = 0;
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

void c_signals_reset(void) { reset(~0ULL); }
void c_signals_reset_ignored(void) { reset(perhaps_ignored); }
