#include "background_loop.h"

#ifdef __linux__

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system.h"

#define EVENTS_AT_ONCE 64
#define ACCEPT_PAUSE 0.05 /* seconds */

/* A caller's connection. */
struct waiter {
    int descriptor;
    struct ticket *ticket; /* NULL: none under way */
    unsigned char number[4];
    size_t received;
    struct waiter *next, **link;
};

/* What epoll gives back: a waiter's address, which is even, or a descriptor
 * made odd. Sockets of libcurl may vanish while their events are handled,
 * which a descriptor survives and an address would not. */
static uint64_t descriptor_tag(int descriptor) {
    return (uint64_t)(unsigned)descriptor << 1 | 1;
}

static bool watch(const struct background_loop *loop, int action,
                  int descriptor, uint32_t events, uint64_t tag) {
    struct epoll_event event = {.events = events, .data = {.u64 = tag}};
    return epoll_ctl(loop->epoll, action, descriptor, &event) == 0;
}

static void unwatch(const struct background_loop *loop, int descriptor) {
    struct epoll_event unused = {0};
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, descriptor, &unused);
}

/* libcurl's CURLMOPT_SOCKETFUNCTION. A socket that cannot be watched leaves
 * its transfer to the timeout, since failing here would end all of them. */
static int watch_transfer(CURL *easy, curl_socket_t socket, int what,
                          void *data, void *known) {
    struct background_loop *loop = data;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        unwatch(loop, socket);
        return 0;
    }
    uint32_t events = 0;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= EPOLLOUT;
    uint64_t tag = descriptor_tag(socket);
    int action = known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (!watch(loop, action, socket, events, tag)) {
        action = known == NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        watch(loop, action, socket, events, tag);
    }
    curl_multi_assign(loop->multi, socket, loop);
    return 0;
}

static void drop_waiter(struct background_loop *loop, struct waiter *waiter) {
    *waiter->link = waiter->next;
    if (waiter->next != NULL) waiter->next->link = waiter->link;
    close(waiter->descriptor);
    system_free_wiped(waiter, 0);
    (void)loop;
}

/* The ticket's transfer leaves libcurl; whose it is then is for the caller
 * of this function to say. */
static void end_ticket(struct background_loop *loop, struct ticket *ticket,
                       CURLcode result) {
    struct transfer *transfer = ticket->transfer;
    if (ticket->state == TICKET_RUNNING) {
        transfer_end(transfer, result);
        curl_multi_remove_handle(loop->multi, transfer->easy);
        atomic_fetch_sub(&loop->running, 1);
    } else {
        transfer_end_unsent(transfer, result);
    }
    if (ticket->waiter != NULL) ticket->waiter->ticket = NULL;
    ticket->waiter = NULL;
}

static void finish(struct background_loop *loop, struct ticket *ticket,
                   CURLcode result) {
    struct waiter *waiter = ticket->waiter;
    end_ticket(loop, ticket, result);
    atomic_fetch_add(&loop->finished, 1);
    ticket_done(&loop->tickets, ticket);
    /* One byte at most is unread, so this never has to wait. A caller that
     * has gone is noticed by the loop. */
    if (waiter != NULL) send(waiter->descriptor, "", 1, MSG_NOSIGNAL);
}

static void leave_queue(struct background_loop *loop,
                        const struct ticket *ticket) {
    struct ticket **link = &loop->first_queued, *last = NULL;
    while (*link != NULL && *link != ticket) {
        last = *link;
        link = &last->next;
    }
    if (*link == NULL) return;
    *link = ticket->next;
    if (loop->last_queued == ticket) loop->last_queued = last;
    atomic_fetch_sub(&loop->queued, 1);
}

static void cancel(struct background_loop *loop, struct ticket *ticket) {
    if (ticket->state == TICKET_QUEUED) leave_queue(loop, ticket);
    ticket->transfer->cancelled = true;
    end_ticket(loop, ticket, CURLE_ABORTED_BY_CALLBACK);
    transfer_clear(ticket->transfer);
    atomic_fetch_add(&loop->cancelled, 1);
    ticket_cancelled(&loop->tickets, ticket);
}

static void enter_queue(struct background_loop *loop, struct ticket *ticket) {
    transfer_begin(ticket->transfer);
    ticket->next = NULL;
    if (loop->first_queued == NULL) loop->first_queued = ticket;
    else loop->last_queued->next = ticket;
    loop->last_queued = ticket;
    atomic_fetch_add(&loop->queued, 1);
}

/* From the queue into libcurl. The time spent waiting counts. */
static void start(struct background_loop *loop, struct ticket *ticket) {
    CURLcode result = transfer_spend_waited(ticket->transfer);
    leave_queue(loop, ticket);
    if (result == CURLE_OK &&
        curl_multi_add_handle(loop->multi, ticket->transfer->easy) !=
            CURLM_OK) {
        result = CURLE_OUT_OF_MEMORY;
    }
    if (result != CURLE_OK) {
        finish(loop, ticket, result);
        return;
    }
    ticket_running(&loop->tickets, ticket);
    atomic_fetch_add(&loop->running, 1);
}

static void start_queued(struct background_loop *loop) {
    while (loop->first_queued != NULL &&
           atomic_load(&loop->running) < loop->max_running) {
        start(loop, loop->first_queued);
    }
}

/* Of those who wait in vain; returns when the next one's time is over. */
static double expire_queued(struct background_loop *loop) {
    double first = -1, now = system_monotonic();
    struct ticket *ticket = loop->first_queued, *next;
    for (; ticket != NULL; ticket = next) {
        double end = transfer_deadline(ticket->transfer);
        next = ticket->next;
        if (end <= now) {
            leave_queue(loop, ticket);
            finish(loop, ticket, CURLE_OPERATION_TIMEDOUT);
        } else if (first < 0 || end < first) {
            first = end;
        }
    }
    return first;
}

static void finish_completed(struct background_loop *loop) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode result = message->data.result;
        struct transfer *transfer = transfer_of(message->easy_handle);
        if (transfer != NULL) finish(loop, transfer->ticket, result);
    }
}

static void accept_waiter(struct background_loop *loop, int descriptor) {
    struct waiter *waiter = system_allocate(sizeof *waiter);
    if (waiter == NULL) {
        close(descriptor);
        return;
    }
    memset(waiter, 0, sizeof *waiter);
    waiter->descriptor = descriptor;
    if (!watch(loop, EPOLL_CTL_ADD, descriptor, EPOLLIN,
               (uint64_t)(uintptr_t)waiter)) {
        close(descriptor);
        system_free_wiped(waiter, 0);
        return;
    }
    waiter->next = loop->waiters;
    waiter->link = &loop->waiters;
    if (waiter->next != NULL) waiter->next->link = &waiter->next;
    loop->waiters = waiter;
}

static bool watch_listener(struct background_loop *loop, uint32_t events) {
    int descriptor = loop->listener.socket;
    return watch(loop, EPOLL_CTL_MOD, descriptor, events,
                 descriptor_tag(descriptor));
}

static void accept_waiters(struct background_loop *loop) {
    int descriptor;
    while ((descriptor = accept4(loop->listener.socket, NULL, NULL,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        accept_waiter(loop, descriptor);
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    watch_listener(loop, 0); /* else epoll would report it without end */
    loop->accept_again = system_monotonic() + ACCEPT_PAUSE;
}

static void take_number(struct background_loop *loop, struct waiter *waiter) {
    uint32_t number;
    memcpy(&number, waiter->number, sizeof number);
    waiter->received = 0;
    waiter->ticket = ticket_find(&loop->tickets, number);
    if (waiter->ticket == NULL) {
        drop_waiter(loop, waiter);
        return;
    }
    waiter->ticket->waiter = waiter;
    enter_queue(loop, waiter->ticket);
}

static void read_waiter(struct background_loop *loop, struct waiter *waiter) {
    ssize_t count = read(waiter->descriptor, waiter->number + waiter->received,
                         sizeof waiter->number - waiter->received);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0 || waiter->ticket != NULL) {
        if (waiter->ticket != NULL) cancel(loop, waiter->ticket);
        drop_waiter(loop, waiter);
        return;
    }
    waiter->received += (size_t)count;
    if (waiter->received == sizeof waiter->number) take_number(loop, waiter);
}

static void cancel_withdrawn(struct background_loop *loop) {
    uint64_t count;
    struct ticket *ticket;
    if (read(loop->wake, &count, sizeof count) < 0) return;
    while ((ticket = ticket_next_withdrawn(&loop->tickets)) != NULL) {
        cancel(loop, ticket);
    }
}

static int curl_bits(uint32_t events) {
    int bits = 0;
    if (events & EPOLLIN) bits |= CURL_CSELECT_IN;
    if (events & EPOLLOUT) bits |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP)) bits |= CURL_CSELECT_ERR;
    return bits;
}

static void dispatch(struct background_loop *loop,
                     const struct epoll_event *event) {
    uint64_t tag = event->data.u64;
    int descriptor = (int)(tag >> 1), running;
    if ((tag & 1) == 0) {
        read_waiter(loop, (struct waiter *)(uintptr_t)tag);
    } else if (descriptor == loop->wake) {
        cancel_withdrawn(loop);
    } else if (descriptor == loop->listener.socket) {
        accept_waiters(loop);
    } else {
        curl_multi_socket_action(loop->multi, descriptor,
                                 curl_bits(event->events), &running);
    }
}

/* Asked anew each time: a timer that fires a little early is not repeated
 * by libcurl's timer callback, and its transfer would hang. */
static long curl_timeout(const struct background_loop *loop) {
    long milliseconds = -1;
    curl_multi_timeout(loop->multi, &milliseconds);
    return milliseconds;
}

static int sooner(int milliseconds, double when) {
    double left = when - system_monotonic();
    int other = left <= 0 ? 0 : (int)(left * 1000) + 1;
    return milliseconds < 0 || other < milliseconds ? other : milliseconds;
}

static int wait_time(struct background_loop *loop) {
    double queue_end = expire_queued(loop);
    long asked = curl_timeout(loop);
    int milliseconds = asked > 60000 ? 60000 : (int)asked;
    if (queue_end >= 0) milliseconds = sooner(milliseconds, queue_end);
    if (loop->accept_again > 0) {
        milliseconds = sooner(milliseconds, loop->accept_again);
    }
    return milliseconds;
}

static void resume_accepting(struct background_loop *loop) {
    if (loop->accept_again <= 0 || system_monotonic() < loop->accept_again) {
        return;
    }
    loop->accept_again = 0;
    watch_listener(loop, EPOLLIN);
}

static void turn(struct background_loop *loop) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int running;
    int count =
        epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, wait_time(loop));
    for (int i = 0; i < count; i++) dispatch(loop, &events[i]);
    resume_accepting(loop);
    finish_completed(loop);
    start_queued(loop);
    if (curl_timeout(loop) == 0) {
        curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        finish_completed(loop);
        start_queued(loop);
    }
}

static void cancel_all(struct background_loop *loop) {
    struct tickets *tickets = &loop->tickets;
    for (unsigned i = 0; i < tickets->touched; i++) {
        struct ticket *ticket = &tickets->slots[i];
        if (ticket->state == TICKET_QUEUED || ticket->state == TICKET_RUNNING) {
            cancel(loop, ticket);
        }
    }
}

void *background_loop_run(void *data) {
    struct background_loop *loop = data;
    while (!atomic_load(&loop->stopping)) turn(loop);
    cancel_all(loop);
    while (loop->waiters != NULL) drop_waiter(loop, loop->waiters);
    return NULL;
}

void background_loop_wake(void *data) {
    const struct background_loop *loop = data;
    uint64_t one = 1;
    ssize_t ignored = write(loop->wake, &one, sizeof one);
    (void)ignored; /* a full counter wakes as well */
}

static bool set_up_multi(struct background_loop *loop) {
    loop->multi = curl_multi_init();
    return loop->multi != NULL &&
           curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION,
                             watch_transfer) == CURLM_OK &&
           curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop) ==
               CURLM_OK &&
           curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS,
                             (long)loop->max_running) == CURLM_OK;
}

static bool set_up_epoll(struct background_loop *loop) {
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return loop->epoll >= 0 && loop->wake >= 0 &&
           watch(loop, EPOLL_CTL_ADD, loop->wake, EPOLLIN,
                 descriptor_tag(loop->wake)) &&
           watch(loop, EPOLL_CTL_ADD, loop->listener.socket, EPOLLIN,
                 descriptor_tag(loop->listener.socket));
}

bool background_loop_open(struct background_loop *loop, unsigned max_running,
                          struct failure *failure) {
    memset(loop, 0, offsetof(struct background_loop, tickets));
    loop->epoll = loop->wake = -1;
    loop->max_running = max_running;
    tickets_init(&loop->tickets);
    bool opened = listener_open(&loop->listener, failure);
    if (opened && !set_up_epoll(loop)) {
        opened = failure_set(failure, "setup", "background_unavailable",
                             "the background driver cannot watch sockets: %s",
                             strerror(errno));
    }
    if (opened && !set_up_multi(loop)) opened = failure_out_of_memory(failure);
    if (!opened) background_loop_close(loop);
    return opened;
}

void background_loop_close(struct background_loop *loop) {
    curl_multi_cleanup(loop->multi);
    loop->multi = NULL;
    listener_close(&loop->listener);
    if (loop->epoll >= 0) close(loop->epoll);
    if (loop->wake >= 0) close(loop->wake);
    loop->epoll = loop->wake = -1;
    tickets_destroy(&loop->tickets);
}

#else

bool background_loop_open(struct background_loop *loop, unsigned max_running,
                          struct failure *failure) {
    loop->max_running = max_running;
    return listener_open(&loop->listener, failure);
}

void *background_loop_run(void *loop) {
    return loop;
}

void background_loop_wake(void *loop) {
    (void)loop;
}

void background_loop_close(struct background_loop *loop) {
    (void)loop;
}

#endif
