#include "sources.h"

#include <stdatomic.h>

/* libcurl resolves names in a thread of its own, and the background thread
 * sends, hence atomic. */
static struct {
    _Atomic int source; /* SOURCES: none is armed */
    _Atomic int paused;
    atomic_long first, last, asked;
} sources = {SOURCES, 0, 0, 0, 0};

void sources_arm(enum source source, long first, long last) {
    sources.first = first;
    sources.last = last;
    sources.asked = 0;
    sources.source = (int)source;
}

void sources_disarm(void) {
    sources.source = SOURCES;
}

void sources_pause(void) {
    sources.paused++;
}

void sources_resume(void) {
    sources.paused--;
}

long sources_asked(void) {
    return sources.asked;
}

bool source_fails(enum source source) {
    if (sources.source != (int)source || sources.paused > 0) return false;
    long number = atomic_fetch_add(&sources.asked, 1) + 1;
    return number >= sources.first && number <= sources.last;
}
