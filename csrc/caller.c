#include "caller.h"

#include <string.h>
#include <unistd.h>

#include "system.h"

/* Seconds that a wait may go on without a look at what signals have come: a
 * signal that comes just before a wait does not end it. */
#define SLICE 0.05

/* As many connections are kept at most; a call has one transfer under way,
 * and finalizers that make calls of their own within it have few more. */
#define MAX_RUNNING 64

/* After a fork the parent's connections are shared with it: closing them here
 * would end the parent's TLS sessions, so they are let go. */
static void forget_parent(struct caller *caller) {
    if (caller->pool.multi == NULL || caller->process == getpid()) return;
    memset(caller, 0, sizeof *caller);
}

static bool open_pool(struct caller *caller) {
    static const struct pool_settings settings = {.max_running = MAX_RUNNING};
    forget_parent(caller);
    if (caller->pool.multi != NULL) return true;
    caller->process = getpid();
    return pool_open(&caller->pool, &settings);
}

/* Until the transfer has left the pool. */
static void run(struct pool *pool, struct transfer *transfer,
                const struct system_signals *signals) {
    pool_add(pool, transfer);
    do {
        pool_slice(pool, SLICE);
    } while (transfer->pool != NULL && !system_interrupted(signals));
    if (transfer->pool == NULL) return;
    transfer->interrupted = true;
    pool_remove(pool, transfer);
}

void caller_perform(struct caller *caller, struct transfer *transfer) {
    struct system_signals signals;
    system_signals_begin(&signals);
    if (open_pool(caller)) {
        run(&caller->pool, transfer, &signals);
    } else {
        transfer_begin(transfer);
        transfer_end_unsent(transfer, CURLE_OUT_OF_MEMORY);
    }
    system_signals_end(&signals);
}

void caller_close(struct caller *caller) {
    struct system_pipe pipe; /* TLS says goodbye to who may be gone */
    forget_parent(caller);
    if (caller->pool.multi == NULL) return;
    system_pipe_begin(&pipe);
    pool_close(&caller->pool);
    system_pipe_end(&pipe);
}
