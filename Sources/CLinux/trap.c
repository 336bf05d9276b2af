#include "CLinux.h"

// The current step. c_step_share moves it to memory that Host and Init share: if Init dies, Host can still tell in which step.
struct step {
    const char *_Nullable text;
    unsigned long length;
    const char *_Nullable shortage;     // "out of memory", for instance
};
static struct step own_step;
static struct step *step = &own_step;

void c_step_share(void) {
    void *page = c_map_shared(sizeof *step);
    if (!page) return;
    *(struct step *)page = *step;
    step = page;
}

void c_step_set(const char *text, unsigned long length) {
    step->length = 0;
    step->text = text;
    step->length = length;
    c_note_step(text, length);
}

const char *c_step_text(void) { return step->text; }
unsigned long c_step_length(void) { return step->length; }

const char *c_step_shortage(void) { return step->shortage; }
void c_step_out_of_memory(void) { step->shortage = "out of memory"; }

static int trap_status;
static int trap_log = -1;
static int trap_log_is_json;

void c_trap_log(int descriptor, int is_json) {
    trap_log = descriptor;
    trap_log_is_json = is_json;
}

// A line under construction. What builds and writes it may not allocate, lock or fail: it runs in a signal handler, which may
// interrupt the program anywhere.
struct line {
    char text[512];
    unsigned long length;
};

static void add(struct line *line, const char *text, unsigned long length) {
    for (unsigned long i = 0; i < length && line->length < sizeof line->text; i++) line->text[line->length++] = text[i];
}

static void add_text(struct line *line, const char *text) { add(line, text, strlen(text)); }

static void add_number(struct line *line, long number, int digits) {
    char text[20];
    for (int i = digits; i-- > 0; number /= 10) text[i] = (char)('0' + number % 10);
    add(line, text, (unsigned long)digits);
}

static void add_time(struct line *line) {
    struct timespec now = {0};
    char text[19];
    clock_gettime(CLOCK_REALTIME, &now);
    c_write_utc(now.tv_sec, text);
    add(line, text, sizeof text);
    add_text(line, "Z");
}

static void add_message(struct line *line, int number) {
    add_text(line, step->shortage ? step->shortage : "internal error");
    add_text(line, " in step ");
    if (step->text && step->length) add(line, step->text, step->length);
    else add_text(line, "start");
    if (step->shortage) return;
    add_text(line, ", signal ");
    add_number(line, number, 2);
}

static void put(const struct line *line, int descriptor) {
    if (write(descriptor, line->text, line->length) < 0) return;
}

// Whether an access to this address can mean that the stack has reached its limit: the address is below the top of the stack,
// where the environment is, by no more than the limit and a margin.
static int is_below_stack(const void *address) {
    struct rlimit limit;
    unsigned long top = (unsigned long)c_environ(), place = (unsigned long)address, most = 1ul << 30;
    if (getrlimit(RLIMIT_STACK, &limit) < 0 || place >= top) return 0;
    if (limit.rlim_cur < most) most = limit.rlim_cur;
    // The kernel keeps a gap of 256 pages below the stack, and a large frame may reach beyond the gap.
    return top - place < most + (4ul << 20);
}

// A failed check in Embedded Swift prints nothing; it only raises a signal.
static void say_and_end(int number, siginfo_t *information, void *context) {
    (void)context;
    if (!step->shortage && number == SIGSEGV && is_below_stack(information->si_addr))
        step->shortage = "no room on the stack (RLIMIT_STACK)";
    struct line plain = {.length = 0}, entry = {.length = 0};
    add_text(&plain, "wherry: ");
    add_message(&plain, number);
    add_text(&plain, "\n");
    put(&plain, STDERR_FILENO);
    if (trap_log >= 0) {
        // In the formats of Log.swift.
        add_text(&entry, trap_log_is_json ? "{\"level\":\"error\",\"msg\":\"" : "time=\"");
        if (trap_log_is_json) add_message(&entry, number); else add_time(&entry);
        add_text(&entry, trap_log_is_json ? "\",\"time\":\"" : "\" level=error msg=\"");
        if (trap_log_is_json) add_time(&entry); else add_message(&entry, number);
        add_text(&entry, trap_log_is_json ? "\",\"code\":\"" : "\" code=");
        add_text(&entry, step->shortage ? "system" : "internal");
        add_text(&entry, trap_log_is_json ? "\"}\n" : "\n");
        put(&entry, trap_log);
    }
    _exit(trap_status);
}

// An access below the stack's end makes the kernel grow the stack down to there (setrlimit(2), RLIMIT_STACK). The pages in
// between cost nothing until they're used.
__attribute__((noinline)) void c_stack_require(void) {
    char room[32768];
    volatile char *lowest = room;
    // As far as the compiler knows, the whole room is used now. Otherwise it would make room for one byte.
    __asm__ volatile("" : "+r"(lowest) : : "memory");
    *lowest = 0;
}

void c_trap_ends_with(int status) { trap_status = status; }

int c_trap_renew(int status) {
    static char stack[16384];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    c_trap_ends_with(status);
    return sigaltstack(&alternate, NULL);
}

void c_trap_install(int status) {
    if (c_trap_renew(status) < 0) return;
    static const int numbers[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
        c_handle_by_ending(numbers[i], say_and_end, SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);
}
