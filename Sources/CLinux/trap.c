#include "CLinux.h"

// The name of the step that is being done, in memory that Host and Init share: a process that dies can't say where it was.
struct step {
    const char *_Nullable text;
    unsigned long length;
};
static struct step own_step;
static struct step *step = &own_step;

void c_step_share(void) {
    void *page = mmap(NULL, sizeof *step, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    *(struct step *)page = *step;
    step = page;
}

void c_step_set(const char *text, unsigned long length) {
    step->length = 0;
    step->text = text;
    step->length = length;
}

const char *c_step_text(void) { return step->text; }
unsigned long c_step_length(void) { return step->length; }

static int trap_status;
static int trap_log = -1;

static void put(const char *text, unsigned long length) {
    if (write(STDERR_FILENO, text, length) < 0) return;
}

// A failed check in Embedded Swift prints nothing: the kernel's signal is all that is heard of it.
static void say_and_end(int number) {
    static const char before[] = "wherry: internal error in step ", middle[] = ", signal ", after[] = "\n";
    char digits[2] = {(char)('0' + number / 10), (char)('0' + number % 10)};
    put(before, sizeof before - 1);
    if (step->text && step->length) put(step->text, step->length);
    else put("start", 5);
    put(middle, sizeof middle - 1);
    put(digits, 2);
    put(after, 1);
    if (trap_log >= 0) {
        static const char entry[] = "{\"level\":\"error\",\"msg\":\"internal error\",\"time\":\"1970-01-01T00:00:00Z\",\"code\":\"trap\"}\n";
        if (write(trap_log, entry, sizeof entry - 1) < 0) _exit(trap_status);
    }
    _exit(trap_status);
}

void c_trap_install(int status, int log_descriptor) {
    static char stack[16384];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = say_and_end, .sa_flags = SA_ONSTACK | SA_RESETHAND};
    trap_status = status;
    trap_log = log_descriptor;
    if (sigaltstack(&alternate, NULL) < 0) return;
    static const int numbers[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &action, NULL);
}

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
