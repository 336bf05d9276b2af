#include "CLinux.h"

// When each step of this process, and of those cloned from it, began: for --trace. All of them write to one page range, by
// turns or at the same time.
enum { most_notes = 1000 };
static struct {
    unsigned count;
    struct c_step_note notes[most_notes];
} *_Nullable trace;

int c_notes_begin(void) {
    trace = c_map_shared(sizeof *trace);
    return trace ? 0 : -1;
}

int c_notes_are_kept(void) { return trace != NULL; }

void c_notes_stop(void) { trace = NULL; }

void c_note_step(const char *text, unsigned long length) {
    struct timespec now = {0};
    if (!trace) return;
    // The wall clock, because a time namespace has monotonic clocks of its own.
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned place = __atomic_fetch_add(&trace->count, 1, __ATOMIC_RELAXED);
    if (place >= most_notes) return;
    trace->notes[place] = (struct c_step_note){
        .text = text, .length = length, .pid = getpid(), .nanoseconds = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec};
}

unsigned c_notes_count(void) {
    unsigned count = trace ? __atomic_load_n(&trace->count, __ATOMIC_RELAXED) : 0;
    return count < most_notes ? count : most_notes;
}

const struct c_step_note *c_notes(void) { return trace->notes; }
