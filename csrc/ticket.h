/*
 * Tickets, as in a waiting room: a transfer that is handed over to the
 * background thread gets a numbered ticket, which says whose turn it is to
 * touch the transfer. One lock guards all states; what a transfer holds is
 * handed from thread to thread by it.
 */
#ifndef TRUTO_TICKET_H
#define TRUTO_TICKET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "transfer.h"

#pragma GCC visibility push(hidden)

#define TICKETS_MAX 4096

enum ticket_state {
    TICKET_FREE,
    TICKET_READY, /* handed over; nobody asked for it to be sent yet */
    TICKET_TAKEN, /* the transfer is the thread's */
    TICKET_DONE   /* the transfer is the caller's again */
};

struct ticket {
    struct transfer *transfer;
    struct ticket *next;   /* in the free list */
    struct waiter *waiter; /* used by the thread alone */
    enum ticket_state state;
    uint16_t generation; /* a number that was used up fits no other ticket */
    bool withdrawn;
};

struct tickets {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct ticket *free;
    unsigned touched; /* slots that were ever used; the others are unset */
    unsigned waiting; /* ready or taken */
    struct ticket slots[TICKETS_MAX];
};

void tickets_init(struct tickets *tickets);
void tickets_destroy(struct tickets *tickets);

/* The caller's side. */

/* NULL when `limit` tickets wait already. */
struct ticket *ticket_take(struct tickets *tickets, struct transfer *transfer,
                           unsigned limit);
uint32_t ticket_number(const struct tickets *tickets,
                       const struct ticket *ticket);

/* Whether the transfer is the caller's again: it is done, or its ticket was
 * cancelled. */
bool ticket_is_over(struct tickets *tickets, const struct transfer *transfer);

/* Gives the transfer back whatever its state, waiting for the thread where
 * it has it; `wake` must make the thread call ticket_next_withdrawn. */
void ticket_withdraw(struct tickets *tickets, struct transfer *transfer,
                     void (*wake)(void *), void *data);

/* The thread's side. */

/* The ready ticket of that number, now taken; NULL if there is none. */
struct ticket *ticket_find(struct tickets *tickets, uint32_t number);
void ticket_done(struct tickets *tickets, struct ticket *ticket);

/* Nobody will ask for it any more: the ticket is free, the transfer the
 * caller's. */
void ticket_cancelled(struct tickets *tickets, struct ticket *ticket);

/* A ticket that is taken; such a one that was withdrawn. NULL when there is
 * none. */
struct ticket *ticket_next_taken(struct tickets *tickets);
struct ticket *ticket_next_withdrawn(struct tickets *tickets);

#pragma GCC visibility pop

#endif
