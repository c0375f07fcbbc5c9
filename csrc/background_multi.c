#include "background_multi.h"

#ifdef __linux__

#include <string.h>
#include <sys/socket.h>

#include "system.h"
#include "watch.h"

/* About 90 KiB each: with less than that many at once there is little to give
 * back, and the search for it holds up the other threads' malloc. */
#define TRIM_FROM 16

/* libcurl's CURLMOPT_SOCKETFUNCTION. A socket that cannot be watched leaves
 * its transfer to the timeout, since failing here would end all of them. */
static int watch_transfer(CURL *easy, curl_socket_t socket, int what,
                          void *data, void *known) {
    const struct background_multi *multi = data;
    uint64_t tag = watch_tag(socket);
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        watch(multi->epoll, EPOLL_CTL_DEL, socket, 0, tag);
        return 0;
    }
    uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
    bool first = known == NULL;
    int expected = first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int other = first ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (!watch(multi->epoll, expected, socket, events, tag)) {
        watch(multi->epoll, other, socket, events, tag);
    }
    curl_multi_assign(multi->multi, socket, data);
    return 0;
}

static CURLM *make(struct background_multi *multi) {
    CURLM *made = curl_multi_init();
    if (made != NULL &&
        curl_multi_setopt(made, CURLMOPT_SOCKETFUNCTION, watch_transfer) ==
            CURLM_OK &&
        curl_multi_setopt(made, CURLMOPT_SOCKETDATA, multi) == CURLM_OK &&
        curl_multi_setopt(made, CURLMOPT_MAXCONNECTS,
                          (long)multi->max_running) == CURLM_OK) {
        return made;
    }
    curl_multi_cleanup(made);
    return NULL;
}

bool background_multi_open(struct background_multi *multi, int epoll,
                           unsigned max_running, double keep_idle,
                           struct tickets *tickets) {
    memset(multi, 0, sizeof *multi);
    multi->epoll = epoll;
    multi->max_running = max_running;
    multi->keep_idle = keep_idle;
    multi->tickets = tickets;
    multi->multi = make(multi);
    return multi->multi != NULL;
}

/* All connections go. False when out of memory: then nothing has changed. */
static bool renew(struct background_multi *multi) {
    CURLM *fresh = make(multi);
    if (fresh == NULL) return false;
    curl_multi_cleanup(multi->multi);
    multi->multi = fresh;
    return true;
}

void background_multi_close(struct background_multi *multi) {
    struct system_pipe pipe; /* this is not the thread that blocks SIGPIPE */
    system_pipe_begin(&pipe);
    curl_multi_cleanup(multi->multi);
    system_pipe_end(&pipe);
    multi->multi = NULL;
}

/* The transfer leaves libcurl; whose it is then is for others to say. */
static void end(struct background_multi *multi, struct ticket *ticket,
                CURLcode result) {
    struct transfer *transfer = ticket->transfer;
    if (ticket->state == TICKET_RUNNING) {
        transfer_end(transfer, result);
        curl_multi_remove_handle(multi->multi, transfer->easy);
        atomic_fetch_sub(&multi->running, 1);
        multi->last_used = system_monotonic();
    } else {
        transfer_end_unsent(transfer, result);
    }
    if (ticket->waiter != NULL) ticket->waiter->ticket = NULL;
    ticket->waiter = NULL;
}

static void finish(struct background_multi *multi, struct ticket *ticket,
                   CURLcode result) {
    const struct waiter *waiter = ticket->waiter;
    end(multi, ticket, result);
    atomic_fetch_add(&multi->finished, 1);
    ticket_done(multi->tickets, ticket);
    /* One byte at most is unread, so this never has to wait. A caller that
     * has gone is noticed by the loop. */
    if (waiter != NULL) send(waiter->descriptor, "", 1, MSG_NOSIGNAL);
}

void background_multi_add(struct background_multi *multi,
                          struct ticket *ticket) {
    transfer_begin(ticket->transfer);
    ticket->next = NULL;
    if (multi->first_queued == NULL) multi->first_queued = ticket;
    else multi->last_queued->next = ticket;
    multi->last_queued = ticket;
    atomic_fetch_add(&multi->queued, 1);
}

static void leave_queue(struct background_multi *multi,
                        const struct ticket *ticket) {
    struct ticket **link = &multi->first_queued, *before = NULL;
    while (*link != NULL && *link != ticket) {
        before = *link;
        link = &before->next;
    }
    if (*link == NULL) return;
    *link = ticket->next;
    if (multi->last_queued == ticket) multi->last_queued = before;
    atomic_fetch_sub(&multi->queued, 1);
}

void background_multi_cancel(struct background_multi *multi,
                             struct ticket *ticket) {
    if (ticket->state == TICKET_QUEUED) leave_queue(multi, ticket);
    ticket->transfer->cancelled = true;
    end(multi, ticket, CURLE_ABORTED_BY_CALLBACK);
    transfer_clear(ticket->transfer);
    /* What to mask is forgotten with it. */
    ticket->transfer->request.id_holds_secret = true;
    atomic_fetch_add(&multi->cancelled, 1);
    ticket_cancelled(multi->tickets, ticket);
}

void background_multi_cancel_all(struct background_multi *multi) {
    struct ticket *ticket;
    while ((ticket = ticket_next_taken(multi->tickets)) != NULL) {
        background_multi_cancel(multi, ticket);
    }
}

/* From the queue into libcurl. The time spent waiting counts. */
static void start(struct background_multi *multi, struct ticket *ticket) {
    CURLcode result = transfer_spend_waited(ticket->transfer);
    leave_queue(multi, ticket);
    if (multi->broken) multi->broken = !renew(multi);
    if (multi->broken) result = CURLE_OUT_OF_MEMORY;
    if (result == CURLE_OK &&
        curl_multi_add_handle(multi->multi, ticket->transfer->easy) !=
            CURLM_OK) {
        result = CURLE_OUT_OF_MEMORY;
    }
    if (result != CURLE_OK) {
        finish(multi, ticket, result);
        return;
    }
    ticket_running(multi->tickets, ticket);
    unsigned running = atomic_fetch_add(&multi->running, 1) + 1;
    if (running > multi->most_running) multi->most_running = running;
}

static void start_queued(struct background_multi *multi) {
    while (multi->first_queued != NULL &&
           atomic_load(&multi->running) < multi->max_running) {
        start(multi, multi->first_queued);
    }
}

static void expire_queued(struct background_multi *multi) {
    double now = multi->first_queued != NULL ? system_monotonic() : 0;
    struct ticket *ticket = multi->first_queued, *next;
    for (; ticket != NULL; ticket = next) {
        next = ticket->next;
        if (transfer_deadline(ticket->transfer) > now) continue;
        leave_queue(multi, ticket);
        finish(multi, ticket, CURLE_OPERATION_TIMEDOUT);
    }
}

static void finish_completed(struct background_multi *multi) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(multi->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode result = message->data.result;
        const struct transfer *transfer = transfer_of(message->easy_handle);
        if (transfer != NULL) finish(multi, transfer->ticket, result);
    }
}

static bool is_idle(const struct background_multi *multi) {
    return multi->last_used > 0 && multi->first_queued == NULL &&
           atomic_load(&multi->running) == 0;
}

/* libcurl itself looks at kept connections only when it needs one: those
 * that the server has closed, and their memory, would stay for good. */
static void close_idle(struct background_multi *multi) {
    if (!is_idle(multi) ||
        system_monotonic() < multi->last_used + multi->keep_idle) {
        return;
    }
    if (!renew(multi)) {
        multi->last_used = system_monotonic(); /* later, then */
        return;
    }
    multi->last_used = 0;
    if (multi->most_running >= TRIM_FROM) system_return_memory();
    multi->most_running = 0;
}

/* A curl_multi that ran out of memory cannot be trusted: 7.88 divides by
 * zero when it meets the same socket again. */
static void start_over(struct background_multi *multi) {
    struct ticket *ticket;
    finish_completed(multi);
    while ((ticket = ticket_next_running(multi->tickets)) != NULL) {
        finish(multi, ticket, CURLE_OUT_OF_MEMORY);
    }
    multi->broken = !renew(multi);
}

static void act(struct background_multi *multi, curl_socket_t socket,
                int events) {
    int running;
    if (curl_multi_socket_action(multi->multi, socket, events, &running) !=
        CURLM_OK) {
        start_over(multi);
    }
}

void background_multi_event(struct background_multi *multi, int descriptor,
                            unsigned events) {
    int bits = 0;
    if (events & EPOLLIN) bits |= CURL_CSELECT_IN;
    if (events & EPOLLOUT) bits |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP)) bits |= CURL_CSELECT_ERR;
    act(multi, descriptor, bits);
}

/* Asked anew each time: a timer that fires a little early is not repeated
 * by libcurl's timer callback, and its transfer would hang. */
static long timeout(const struct background_multi *multi) {
    long milliseconds = -1;
    curl_multi_timeout(multi->multi, &milliseconds);
    return milliseconds;
}

void background_multi_turn(struct background_multi *multi) {
    finish_completed(multi);
    expire_queued(multi);
    start_queued(multi);
    close_idle(multi);
    if (timeout(multi) != 0) return;
    act(multi, CURL_SOCKET_TIMEOUT, 0);
    finish_completed(multi);
    start_queued(multi);
}

double background_multi_idle_until(const struct background_multi *multi) {
    long milliseconds = timeout(multi);
    double end = milliseconds < 0
                     ? -1
                     : system_monotonic() + (double)milliseconds / 1000;
    if (is_idle(multi) &&
        (end < 0 || multi->last_used + multi->keep_idle < end)) {
        end = multi->last_used + multi->keep_idle;
    }
    const struct ticket *ticket = multi->first_queued;
    for (; ticket != NULL; ticket = ticket->next) {
        double deadline = transfer_deadline(ticket->transfer);
        if (end < 0 || deadline < end) end = deadline;
    }
    return end;
}

#endif
