/*
 * The transfers of the background thread: a queue, and the curl_multi that
 * so many at once are in. Only the thread calls these, but for the counts.
 */
#ifndef TRUTO_BACKGROUND_MULTI_H
#define TRUTO_BACKGROUND_MULTI_H

#include <stdatomic.h>
#include <stdbool.h>

#include <curl/curl.h>

#include "ticket.h"

#pragma GCC visibility push(hidden)

struct background_multi {
    CURLM *multi;
    int epoll;   /* where libcurl's sockets are watched; not ours to close */
    bool broken; /* memory ran out; not to be used before it is renewed */
    unsigned max_running;
    double keep_idle;      /* seconds */
    double last_used;      /* 0: nothing to close */
    unsigned most_running; /* at once, since connections were last closed */
    struct tickets *tickets;
    struct ticket *first_queued, *last_queued;
    atomic_uint running, queued;
    atomic_ulong finished, cancelled;
};

/* Connections that nobody uses are closed `keep_idle` seconds after the last
 * transfer. False when out of memory; may be closed all the same. */
bool background_multi_open(struct background_multi *multi, int epoll,
                           unsigned max_running, double keep_idle,
                           struct tickets *tickets);
void background_multi_close(struct background_multi *multi);

/* The ticket is queued; its transfer starts when it is its turn. */
void background_multi_add(struct background_multi *multi,
                          struct ticket *ticket);

/* The transfer of a queued or running ticket ends without a result. */
void background_multi_cancel(struct background_multi *multi,
                             struct ticket *ticket);
void background_multi_cancel_all(struct background_multi *multi);

/* A socket of libcurl has events of epoll. */
void background_multi_event(struct background_multi *multi, int descriptor,
                            unsigned events);

/* After the events of one turn: ends what is complete or has waited in vain,
 * starts what can be started. */
void background_multi_turn(struct background_multi *multi);

/* Until when nothing has to be done without an event, in terms of
 * system_monotonic; below 0: no end. */
double background_multi_idle_until(const struct background_multi *multi);

#pragma GCC visibility pop

#endif
