#include "background_loop.h"

#include <pthread.h>

/* Held by the thread while it does anything but wait. */
static pthread_mutex_t working = PTHREAD_MUTEX_INITIALIZER;

void background_loop_pause(void) {
    pthread_mutex_lock(&working);
}

void background_loop_resume(void) {
    pthread_mutex_unlock(&working);
}

#ifdef __linux__

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system.h"
#include "watch.h"

#define EVENTS_AT_ONCE 64
#define ACCEPT_PAUSE 0.05 /* seconds */
#define WAIT_MAX 60.0     /* seconds; keeps the milliseconds in an int */

/* Closing alone does not take it out of epoll: a child that was just forked
 * may hold a copy of the descriptor. */
static void drop_waiter(const struct background_loop *loop,
                        struct waiter *waiter) {
    watch(loop->epoll, EPOLL_CTL_DEL, waiter->descriptor, 0, 0);
    *waiter->link = waiter->next;
    if (waiter->next != NULL) waiter->next->link = waiter->link;
    close(waiter->descriptor);
    system_free_wiped(waiter, 0);
}

static void add_waiter(struct background_loop *loop, int descriptor) {
    struct waiter *waiter = system_allocate(sizeof *waiter);
    if (waiter == NULL || !watch(loop->epoll, EPOLL_CTL_ADD, descriptor,
                                 EPOLLIN, watch_waiter_tag(waiter))) {
        close(descriptor);
        system_free_wiped(waiter, 0);
        return;
    }
    memset(waiter, 0, sizeof *waiter);
    waiter->descriptor = descriptor;
    waiter->next = loop->waiters;
    waiter->link = &loop->waiters;
    if (waiter->next != NULL) waiter->next->link = &waiter->next;
    loop->waiters = waiter;
}

/* libcurl's events, for the pool. A socket that cannot be watched leaves its
 * transfer to the timeout. */
static void watch_transfer(void *data, int descriptor, int wanted, bool first) {
    const struct background_loop *loop = data;
    uint64_t tag = watch_tag(descriptor);
    if (wanted == CURL_POLL_REMOVE) {
        watch(loop->epoll, EPOLL_CTL_DEL, descriptor, 0, tag);
        return;
    }
    uint32_t events = 0;
    if (wanted & CURL_POLL_IN) events |= EPOLLIN;
    if (wanted & CURL_POLL_OUT) events |= EPOLLOUT;
    int expected = first ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    int other = first ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (!watch(loop->epoll, expected, descriptor, events, tag)) {
        watch(loop->epoll, other, descriptor, events, tag);
    }
}

static void handle_transfer(struct background_loop *loop, int descriptor,
                            uint32_t events) {
    int bits = 0;
    if (events & EPOLLIN) bits |= CURL_CSELECT_IN;
    if (events & EPOLLOUT) bits |= CURL_CSELECT_OUT;
    if (events & (EPOLLERR | EPOLLHUP)) bits |= CURL_CSELECT_ERR;
    pool_event(&loop->pool, descriptor, bits);
}

/* The ticket's transfer has left the pool. Who waits for it, if anybody. */
static const struct waiter *part(struct ticket *ticket) {
    struct waiter *waiter = ticket->waiter;
    if (waiter != NULL) waiter->ticket = NULL;
    ticket->waiter = NULL;
    return waiter;
}

/* The pool's `done`. */
static void finish(void *data, struct transfer *transfer) {
    struct background_loop *loop = data;
    const struct waiter *waiter = part(transfer->ticket);
    atomic_fetch_add(&loop->finished, 1);
    ticket_done(&loop->tickets, transfer->ticket);
    /* One byte at most is unread, so this never has to wait. A caller that
     * has gone is noticed by the loop. */
    if (waiter != NULL) send(waiter->descriptor, "", 1, MSG_NOSIGNAL);
}

/* The transfer of a taken ticket ends without a result. */
static void cancel(struct background_loop *loop, struct ticket *ticket) {
    struct transfer *transfer = ticket->transfer;
    transfer->cancelled = true;
    pool_remove(&loop->pool, transfer);
    part(ticket);
    transfer_clear(transfer);
    atomic_fetch_add(&loop->cancelled, 1);
    ticket_cancelled(&loop->tickets, ticket);
}

static bool watch_listener(const struct background_loop *loop, int action,
                           uint32_t events) {
    int descriptor = loop->listener.socket;
    return watch(loop->epoll, action, descriptor, events,
                 watch_tag(descriptor));
}

/* When descriptors have run out, epoll would report the callers who wait
 * without end; so it is not asked for a while. */
static void accept_waiters(struct background_loop *loop) {
    int descriptor;
    while ((descriptor = accept4(loop->listener.socket, NULL, NULL,
                                 SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
        add_waiter(loop, descriptor);
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    watch_listener(loop, EPOLL_CTL_MOD, 0);
    loop->accept_again = system_monotonic() + ACCEPT_PAUSE;
}

static void resume_accepting(struct background_loop *loop) {
    if (loop->accept_again <= 0 || system_monotonic() < loop->accept_again) {
        return;
    }
    loop->accept_again = 0;
    watch_listener(loop, EPOLL_CTL_MOD, EPOLLIN);
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
    pool_add(&loop->pool, waiter->ticket->transfer);
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

static void cancel_all(struct background_loop *loop) {
    struct ticket *ticket;
    while ((ticket = ticket_next_taken(&loop->tickets)) != NULL) {
        cancel(loop, ticket);
    }
}

static void dispatch(struct background_loop *loop,
                     const struct epoll_event *event) {
    struct waiter *waiter = watch_waiter(event->data.u64);
    int descriptor = watch_descriptor(event->data.u64);
    if (waiter != NULL) {
        read_waiter(loop, waiter);
    } else if (descriptor == loop->wake) {
        cancel_withdrawn(loop);
    } else if (descriptor == loop->listener.socket) {
        accept_waiters(loop);
    } else {
        handle_transfer(loop, descriptor, event->events);
    }
}

/* In milliseconds, rounded up so that what is waited for is due then. */
static int wait_time(const struct background_loop *loop) {
    double end = pool_idle_until(&loop->pool);
    if (loop->accept_again > 0 && (end < 0 || loop->accept_again < end)) {
        end = loop->accept_again;
    }
    if (end < 0) return -1;
    double left = end - system_monotonic();
    if (left <= 0) return 0;
    return left > WAIT_MAX ? (int)(WAIT_MAX * 1000) : (int)(left * 1000) + 1;
}

static void turn(struct background_loop *loop) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int count =
        epoll_wait(loop->epoll, events, EVENTS_AT_ONCE, wait_time(loop));
    pthread_mutex_lock(&working);
    for (int i = 0; i < count; i++) dispatch(loop, &events[i]);
    resume_accepting(loop);
    pool_turn(&loop->pool);
    pthread_mutex_unlock(&working);
}

void *background_loop_run(void *data) {
    struct background_loop *loop = data;
    pthread_setname_np(pthread_self(), "truto");
    while (!atomic_load(&loop->stopping)) turn(loop);
    pthread_mutex_lock(&working);
    cancel_all(loop);
    while (loop->waiters != NULL) drop_waiter(loop, loop->waiters);
    pthread_mutex_unlock(&working);
    return NULL;
}

void background_loop_wake(void *data) {
    const struct background_loop *loop = data;
    uint64_t one = 1;
    ssize_t ignored = write(loop->wake, &one, sizeof one);
    (void)ignored; /* a full counter wakes as well */
}

static bool set_up_epoll(struct background_loop *loop) {
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return loop->epoll >= 0 && loop->wake >= 0 &&
           watch(loop->epoll, EPOLL_CTL_ADD, loop->wake, EPOLLIN,
                 watch_tag(loop->wake)) &&
           watch_listener(loop, EPOLL_CTL_ADD, EPOLLIN);
}

static bool open_pool(struct background_loop *loop, unsigned max_running,
                      double keep_idle) {
    struct pool_settings settings = {max_running, keep_idle, loop, finish,
                                     watch_transfer};
    return pool_open(&loop->pool, &settings);
}

bool background_loop_open(struct background_loop *loop, unsigned max_running,
                          double keep_idle, struct failure *failure) {
    loop->epoll = loop->wake = -1;
    loop->waiters = NULL;
    loop->accept_again = 0;
    loop->pool.multi = NULL;
    atomic_init(&loop->finished, 0);
    atomic_init(&loop->cancelled, 0);
    atomic_init(&loop->stopping, false);
    tickets_init(&loop->tickets);
    bool opened = listener_open(&loop->listener, failure);
    if (opened && !set_up_epoll(loop)) {
        opened = failure_set(failure, "setup", "background_unavailable",
                             "the background driver cannot watch sockets: %s",
                             strerror(errno));
    }
    if (opened && !open_pool(loop, max_running, keep_idle)) {
        opened = failure_out_of_memory(failure);
    }
    if (!opened) background_loop_close(loop);
    return opened;
}

static void close_pool(struct background_loop *loop) {
    struct system_pipe pipe; /* this is not the thread that blocks SIGPIPE */
    if (loop->pool.multi == NULL) return;
    system_pipe_begin(&pipe);
    pool_close(&loop->pool);
    system_pipe_end(&pipe);
}

void background_loop_close(struct background_loop *loop) {
    close_pool(loop);
    listener_close(&loop->listener);
    if (loop->epoll >= 0) close(loop->epoll);
    if (loop->wake >= 0) close(loop->wake);
    loop->epoll = loop->wake = -1;
    tickets_destroy(&loop->tickets);
}

#else

bool background_loop_open(struct background_loop *loop, unsigned max_running,
                          double keep_idle, struct failure *failure) {
    (void)max_running;
    (void)keep_idle;
    return listener_open(&loop->listener, failure); /* says what is missing */
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
