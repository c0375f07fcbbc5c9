/*
 * The background driver: one thread per process that sends transfers while
 * the programs' own threads do something else. Started by its first user,
 * ended with its last; a process that forks starts anew in the child.
 */
#ifndef TRUTO_BACKGROUND_H
#define TRUTO_BACKGROUND_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "transfer.h"

#pragma GCC visibility push(hidden)

struct background;

/* Of the process, now and for children to come. The first number counts
 * transfers under way, the second those that wait for one to end. What is
 * running already is not changed by a first number set later. */
#define BACKGROUND_IN_FLIGHT_MAX 2048U
void background_limit(unsigned in_flight, unsigned queued);

/* How long connections that nobody uses are kept, by threads started from
 * now on; 60 seconds unless set. */
void background_keep_idle(unsigned milliseconds);

/* Counts one user more. NULL with the failure noted. */
struct background *background_acquire(struct failure *failure);

/* Ends and joins the thread when no user is left. One that was acquired
 * before a fork is left alone. */
void background_release(struct background *background);

/* False for one that was acquired before a fork. */
bool background_is_ours(const struct background *background);

/* Hands a prepared transfer over. False with "too_many_in_flight" noted. */
bool background_hand_over(struct background *background,
                          struct transfer *transfer, struct failure *failure);

/* Where to connect, and what to send; see background_loop.h. */
const char *background_address(const struct background *background);
uint32_t background_number(const struct background *background,
                           const struct transfer *transfer);

/* Does both. A descriptor that belongs to the caller, or -1 with errno. */
int background_connect(const struct background *background,
                       const struct transfer *transfer);

enum background_state {
    BACKGROUND_UNDER_WAY,
    BACKGROUND_DONE, /* ended, or cancelled */
    BACKGROUND_LOST  /* the thread had to let go of its caller: it will not be
                        told of an end */
};
enum background_state background_state(struct background *background,
                                       const struct transfer *transfer);

/* After this the transfer is the caller's again, whatever it was before;
 * also what transfer_release does by itself. Never raises. */
void background_withdraw(struct transfer *transfer);

struct background_counts {
    unsigned running, queued;
    unsigned long finished, cancelled;
};
struct background_counts background_count(struct background *background);

#pragma GCC visibility pop

#endif
