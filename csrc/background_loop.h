/*
 * The background thread's loop: callers' connections on one side, a pool of
 * transfers on the other. It touches no Lua.
 *
 * What a caller does: connect to the listener, send the four bytes of a
 * ticket's number (as they stand in memory), read one byte. That byte comes
 * when the transfer is the caller's again; then the connection serves the
 * next ticket. Closing it, or sending anything before the byte has come,
 * cancels the transfer.
 */
#ifndef TRUTO_BACKGROUND_LOOP_H
#define TRUTO_BACKGROUND_LOOP_H

#include <stdatomic.h>
#include <stdbool.h>

#include "listener.h"
#include "pool.h"
#include "ticket.h"

#pragma GCC visibility push(hidden)

struct waiter;

struct background_loop {
    int epoll;
    int wake; /* an eventfd */
    struct listener listener;
    struct waiter *waiters;
    double accept_again; /* when descriptors ran out; 0: accepting */
    atomic_bool stopping;
    struct pool pool;
    struct tickets tickets;
    atomic_ulong finished, cancelled;
};

/* False with the failure noted; nothing is left open then. */
bool background_loop_open(struct background_loop *loop, unsigned max_running,
                          double keep_idle, struct failure *failure);

/* Runs until stopping is set; then cancels all that is under way. Takes the
 * loop; the form is pthread_create's. */
void *background_loop_run(void *loop);

/* Makes the loop look at stopping and at withdrawn tickets. Any thread. */
void background_loop_wake(void *loop);

/* Around a fork: the thread stays outside of libcurl and its TLS library, so
 * that the child gets none of their locks held for ever. */
void background_loop_pause(void);
void background_loop_resume(void);

/* After the thread has ended, or if it was never started. */
void background_loop_close(struct background_loop *loop);

#pragma GCC visibility pop

#endif
