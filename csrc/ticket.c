#include "ticket.h"

void tickets_init(struct tickets *tickets) {
    pthread_mutex_init(&tickets->lock, NULL);
    pthread_cond_init(&tickets->changed, NULL);
    tickets->free = NULL;
    tickets->touched = 0;
    tickets->waiting = 0;
}

/* No thread may use the tickets any more. Transfers forget theirs. */
void tickets_destroy(struct tickets *tickets) {
    for (unsigned i = 0; i < tickets->touched; i++) {
        struct transfer *transfer = tickets->slots[i].transfer;
        if (transfer != NULL) transfer->ticket = NULL;
    }
    pthread_cond_destroy(&tickets->changed);
    pthread_mutex_destroy(&tickets->lock);
}

/* All static functions below are called with the lock held. */

static bool is_waiting(const struct ticket *ticket) {
    return ticket->state != TICKET_FREE && ticket->state != TICKET_DONE;
}

static struct ticket *find_free(struct tickets *tickets) {
    struct ticket *ticket = tickets->free;
    if (ticket != NULL) {
        tickets->free = ticket->next;
    } else if (tickets->touched < TICKETS_MAX) {
        ticket = &tickets->slots[tickets->touched++];
        ticket->generation = 0;
    }
    return ticket;
}

static void set_free(struct tickets *tickets, struct ticket *ticket) {
    if (is_waiting(ticket)) tickets->waiting--;
    ticket->transfer = NULL;
    ticket->state = TICKET_FREE;
    ticket->next = tickets->free;
    tickets->free = ticket;
    pthread_cond_broadcast(&tickets->changed);
}

/* A cancelled ticket may belong to another transfer by now, or be gone with
 * the tickets that it was one of. */
static bool holds(const struct tickets *tickets,
                  const struct transfer *transfer) {
    const struct ticket *ticket = transfer->ticket;
    uintptr_t offset = (uintptr_t)ticket - (uintptr_t)tickets->slots;
    return offset < tickets->touched * sizeof *ticket &&
           ticket->transfer == transfer;
}

struct ticket *ticket_take(struct tickets *tickets, struct transfer *transfer,
                           unsigned limit) {
    pthread_mutex_lock(&tickets->lock);
    struct ticket *ticket =
        tickets->waiting < limit ? find_free(tickets) : NULL;
    if (ticket != NULL) {
        ticket->transfer = transfer;
        ticket->next = NULL;
        ticket->waiter = NULL;
        ticket->state = TICKET_READY;
        ticket->generation++;
        ticket->withdrawn = false;
        tickets->waiting++;
    }
    transfer->ticket = ticket;
    pthread_mutex_unlock(&tickets->lock);
    return ticket;
}

uint32_t ticket_number(const struct tickets *tickets,
                       const struct ticket *ticket) {
    return (uint32_t)ticket->generation << 16 |
           (uint32_t)(ticket - tickets->slots);
}

bool ticket_is_over(struct tickets *tickets, const struct transfer *transfer) {
    pthread_mutex_lock(&tickets->lock);
    bool over =
        !holds(tickets, transfer) || transfer->ticket->state == TICKET_DONE;
    pthread_mutex_unlock(&tickets->lock);
    return over;
}

void ticket_withdraw(struct tickets *tickets, struct transfer *transfer,
                     void (*wake)(void *), void *data) {
    struct ticket *ticket = transfer->ticket;
    pthread_mutex_lock(&tickets->lock);
    if (holds(tickets, transfer) && ticket->state == TICKET_TAKEN) {
        ticket->withdrawn = true;
        wake(data);
        while (holds(tickets, transfer) && ticket->state != TICKET_DONE) {
            pthread_cond_wait(&tickets->changed, &tickets->lock);
        }
    }
    if (holds(tickets, transfer)) set_free(tickets, ticket);
    transfer->ticket = NULL;
    pthread_mutex_unlock(&tickets->lock);
}

struct ticket *ticket_find(struct tickets *tickets, uint32_t number) {
    struct ticket *found = NULL;
    unsigned index = number & 0xffff;
    pthread_mutex_lock(&tickets->lock);
    if (index < tickets->touched) {
        struct ticket *ticket = &tickets->slots[index];
        if (ticket->state == TICKET_READY &&
            ticket->generation == number >> 16) {
            ticket->state = TICKET_TAKEN;
            found = ticket;
        }
    }
    pthread_mutex_unlock(&tickets->lock);
    return found;
}

void ticket_done(struct tickets *tickets, struct ticket *ticket) {
    pthread_mutex_lock(&tickets->lock);
    ticket->state = TICKET_DONE;
    tickets->waiting--;
    pthread_cond_broadcast(&tickets->changed);
    pthread_mutex_unlock(&tickets->lock);
}

void ticket_cancelled(struct tickets *tickets, struct ticket *ticket) {
    pthread_mutex_lock(&tickets->lock);
    set_free(tickets, ticket);
    pthread_mutex_unlock(&tickets->lock);
}

static bool is_taken(const struct ticket *ticket) {
    return ticket->state == TICKET_TAKEN;
}

static bool is_withdrawn(const struct ticket *ticket) {
    return is_taken(ticket) && ticket->withdrawn;
}

static struct ticket *find(struct tickets *tickets,
                           bool (*fits)(const struct ticket *)) {
    struct ticket *found = NULL;
    pthread_mutex_lock(&tickets->lock);
    for (unsigned i = 0; i < tickets->touched && found == NULL; i++) {
        if (fits(&tickets->slots[i])) found = &tickets->slots[i];
    }
    pthread_mutex_unlock(&tickets->lock);
    return found;
}

struct ticket *ticket_next_taken(struct tickets *tickets) {
    return find(tickets, is_taken);
}

struct ticket *ticket_next_withdrawn(struct tickets *tickets) {
    return find(tickets, is_withdrawn);
}
