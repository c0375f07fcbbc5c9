/* What the background thread's epoll watches, and how it is told apart. */
#ifndef TRUTO_WATCH_H
#define TRUTO_WATCH_H

#ifdef __linux__

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

struct ticket;

/* A caller's connection. */
struct waiter {
    int descriptor;
    struct ticket *ticket; /* NULL: none under way */
    unsigned char number[4];
    size_t received;
    struct waiter *next, **link;
};

/* What epoll gives back: a waiter's address, which is even, or a descriptor
 * made odd. Sockets of libcurl may vanish while their events are handled,
 * which a descriptor survives and an address would not. */
static inline uint64_t watch_tag(int descriptor) {
    return (uint64_t)(unsigned)descriptor << 1 | 1;
}

static inline uint64_t watch_waiter_tag(struct waiter *waiter) {
    return (uint64_t)(uintptr_t)waiter;
}

/* NULL when the tag is a descriptor's. */
static inline struct waiter *watch_waiter(uint64_t tag) {
    return (tag & 1) == 0 ? (struct waiter *)(uintptr_t)tag : NULL;
}

static inline int watch_descriptor(uint64_t tag) {
    return (int)(tag >> 1);
}

/* `action` is EPOLL_CTL_ADD, _MOD or _DEL. */
static inline bool watch(int epoll, int action, int descriptor, uint32_t events,
                         uint64_t tag) {
    struct epoll_event event = {.events = events, .data = {.u64 = tag}};
    return epoll_ctl(epoll, action, descriptor, &event) == 0;
}

#endif

#endif
