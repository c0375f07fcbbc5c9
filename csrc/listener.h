/*
 * A unix stream listener without a name on disk: bound in a fresh folder,
 * held by an O_PATH descriptor, unlinked, and reached through /proc, which
 * is the one way in that event loops can take who know only paths.
 */
#ifndef TRUTO_LISTENER_H
#define TRUTO_LISTENER_H

#include <stdbool.h>

#include "failure.h"

#pragma GCC visibility push(hidden)

struct listener {
    int socket; /* non-blocking; -1: none */
    int path;
    char address[40]; /* "/proc/self/fd/N" */
};

/* False with a "setup" failure that names what is missing; nothing is left
 * open then. Proves that the address works before it returns true. */
bool listener_open(struct listener *listener, struct failure *failure);

/* A connected descriptor, or -1 with errno. */
int listener_connect(const struct listener *listener);

/* May be called twice. */
void listener_close(struct listener *listener);

#pragma GCC visibility pop

#endif
