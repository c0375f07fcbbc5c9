/*
 * The pool in the thread that calls: what the blocking driver sends with. One
 * per client, so that its connections end with the client and never meet
 * those of another thread or of a forked child.
 */
#ifndef TRUTO_CALLER_H
#define TRUTO_CALLER_H

#include <sys/types.h>

#include "pool.h"

#pragma GCC visibility push(hidden)

struct caller {
    struct pool pool; /* zeroed: not opened yet */
    pid_t process;    /* that opened it */
};

/* Sends and waits until the transfer has ended, Ctrl-C included. The pool is
 * opened when it is not open. Touches no Lua. */
void caller_perform(struct caller *caller, struct transfer *transfer);

/* Connections end; what another process opened is left alone. May be called
 * twice, and caller_perform after it. */
void caller_close(struct caller *caller);

#pragma GCC visibility pop

#endif
