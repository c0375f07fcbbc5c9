/*
 * Transfers of one thread: a queue, and the curl_multi that so many at once
 * are in, with the connections that it keeps. One engine for all drivers: it
 * runs on its owner's event loop (`watch`, pool_event, pool_turn), or waits by
 * itself (pool_slice). Only one thread may use it, but for the counts.
 */
#ifndef TRUTO_POOL_H
#define TRUTO_POOL_H

#include <stdatomic.h>
#include <stdbool.h>

#include <curl/curl.h>

#include "transfer.h"

#pragma GCC visibility push(hidden)

struct pool_settings {
    unsigned max_running;
    /* Seconds after the last transfer, when the connections that nobody uses
     * are closed; 0: libcurl closes them when it wants to. */
    double keep_idle;
    void *owner; /* passed to the two below */
    /* The transfer has ended and has left the pool; it may be added again, or
     * to another pool. NULL: whoever added it looks at transfer->pool. */
    void (*done)(void *owner, struct transfer *transfer);
    /* Events of a socket are wanted: CURL_POLL_IN, _OUT, _INOUT, none any
     * more: _REMOVE; `first` when it was not watched yet. NULL for a pool
     * that is run by pool_slice. */
    void (*watch)(void *owner, int descriptor, int events, bool first);
};

struct pool_list {
    struct transfer *first, *last;
};

struct pool {
    struct pool_settings settings;
    CURLM *multi;
    bool broken;           /* memory ran out; to be renewed before its use */
    double last_used;      /* 0: nothing to close */
    unsigned most_running; /* at once, since connections were last closed */
    struct pool_list queue, running;
    atomic_uint queued_count, running_count;
};

/* False when out of memory; may be closed all the same. */
bool pool_open(struct pool *pool, const struct pool_settings *settings);

/* All transfers leave it, as with pool_remove; its connections end. May be
 * called twice. SIGPIPE must be blocked. */
void pool_close(struct pool *pool);

/* The transfer is queued; it starts when it is its turn. Its time runs. */
void pool_add(struct pool *pool, struct transfer *transfer);

/* The transfer, queued or running, ends without a result; `done` is not
 * called. */
void pool_remove(struct pool *pool, struct transfer *transfer);

/* A watched socket has events: CURL_CSELECT_IN, _OUT, _ERR. */
void pool_event(struct pool *pool, int descriptor, int events);

/* After the events of one turn: ends what is complete or has waited in vain,
 * starts what can be started. */
void pool_turn(struct pool *pool);

/* Until when nothing has to be done without an event, in terms of
 * system_monotonic; below 0: no end. */
double pool_idle_until(const struct pool *pool);

/* In place of the three above: does what can be done now; when no transfer
 * ended by that, waits for more to do, so many seconds at most. */
void pool_slice(struct pool *pool, double seconds);

#pragma GCC visibility pop

#endif
