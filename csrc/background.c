#include "background.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "background_loop.h"
#include "system.h"

/* Where it does not exist, no background thread starts, and nothing is sent. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

struct background {
    pid_t owner;
    unsigned users;
    pthread_t thread;
    struct background_loop loop;
};

static atomic_uint max_in_flight = 256, max_queued = 256;

/* Shorter than what servers keep, as a rule. */
static atomic_uint keep_idle_ms = 60000;

/* Guards `current` and every start and end of a thread. */
static pthread_mutex_t lifecycle = PTHREAD_MUTEX_INITIALIZER;
static struct background *current;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;

void background_limit(unsigned in_flight, unsigned queued) {
    atomic_store(&max_in_flight, in_flight);
    atomic_store(&max_queued, queued);
}

void background_keep_idle(unsigned milliseconds) {
    atomic_store(&keep_idle_ms, milliseconds);
}

bool background_is_ours(const struct background *background) {
    return background->owner == getpid();
}

/* Everything is blocked but what the thread itself would cause. */
static void block_signals(sigset_t *before) {
    static const int synchronous[] = {SIGSEGV, SIGBUS,  SIGFPE,
                                      SIGILL,  SIGTRAP, SIGABRT};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof synchronous / sizeof synchronous[0]; i++) {
        sigdelset(&blocked, synchronous[i]);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static bool start_thread(struct background *background,
                         struct failure *failure) {
    sigset_t before;
    block_signals(&before);
    int problem = pthread_create(&background->thread, NULL, background_loop_run,
                                 &background->loop);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (problem == 0) return true;
    return failure_set(failure, "setup", "background_unavailable",
                       "the background driver cannot start its thread: %s",
                       strerror(problem));
}

static struct background *start(struct failure *failure) {
    struct background *background = system_allocate(sizeof *background);
    if (background == NULL) {
        failure_out_of_memory(failure);
        return NULL;
    }
    background->owner = getpid();
    background->users = 0;
    if (!background_loop_open(&background->loop, atomic_load(&max_in_flight),
                              atomic_load(&keep_idle_ms) / 1000.0, failure)) {
        system_free_wiped(background, 0);
        return NULL;
    }
    if (!start_thread(background, failure)) {
        background_loop_close(&background->loop);
        system_free_wiped(background, 0);
        return NULL;
    }
    return background;
}

/* With the lock held. */
static void end_thread(struct background *background) {
    atomic_store(&background->loop.stopping, true);
    background_loop_wake(&background->loop);
    pthread_join(background->thread, NULL);
}

/* With the lock held. */
static void stop(struct background *background) {
    end_thread(background);
    background_loop_close(&background->loop);
    system_free_wiped(background, 0);
    current = NULL;
}

/* For leak checkers. */
static struct background *volatile left_at_exit;

/* A program may exit without closing its Lua states; the thread must not run
 * on while libraries take themselves down. */
static void stop_at_exit(void) {
    if (pthread_mutex_trylock(&lifecycle) != 0) return;
    if (current != NULL && background_is_ours(current)) {
        end_thread(current); /* not freed: other threads may look at it */
        left_at_exit = current;
        current = NULL;
    }
    pthread_mutex_unlock(&lifecycle);
}

static void lock_for_fork(void) {
    pthread_mutex_lock(&lifecycle);
    background_loop_pause();
}

static void unlock_after_fork(void) {
    background_loop_resume();
    pthread_mutex_unlock(&lifecycle);
}

static void prepare_process(void) {
    pthread_atfork(lock_for_fork, unlock_after_fork, unlock_after_fork);
    (void)atexit(stop_at_exit); /* refused: as if nobody closed in time */
}

struct background *background_acquire(struct failure *failure) {
    pthread_once(&prepared, prepare_process);
    pthread_mutex_lock(&lifecycle);
    /* The parent's is left as it is: its thread does not exist here. */
    if (current != NULL && !background_is_ours(current)) current = NULL;
    if (current == NULL) current = start(failure);
    struct background *acquired = current;
    if (acquired != NULL) acquired->users++;
    pthread_mutex_unlock(&lifecycle);
    return acquired;
}

void background_release(struct background *background) {
    pthread_mutex_lock(&lifecycle);
    if (background == current && background_is_ours(background)) {
        background->users--;
        if (background->users == 0) stop(background);
    }
    pthread_mutex_unlock(&lifecycle);
}

bool background_hand_over(struct background *background,
                          struct transfer *transfer, struct failure *failure) {
    unsigned limit = atomic_load(&max_in_flight) + atomic_load(&max_queued);
    transfer->withdraw = background_withdraw;
    if (ticket_take(&background->loop.tickets, transfer, limit) != NULL) {
        return true;
    }
    return failure_set(failure, "setup", "too_many_in_flight",
                       "%u updates are under way or waiting in this process; "
                       "start fewer at once",
                       limit);
}

const char *background_address(const struct background *background) {
    return background->loop.listener.address;
}

uint32_t background_number(const struct background *background,
                           const struct transfer *transfer) {
    return ticket_number(&background->loop.tickets, transfer->ticket);
}

int background_connect(const struct background *background,
                       const struct transfer *transfer) {
    uint32_t number = background_number(background, transfer);
    int descriptor = listener_connect(&background->loop.listener);
    if (descriptor < 0) return -1;
    if (send(descriptor, &number, sizeof number, MSG_NOSIGNAL) ==
        (ssize_t)sizeof number) {
        return descriptor;
    }
    int problem = errno;
    close(descriptor);
    errno = problem;
    return -1;
}

/* A peer that closed without reading the number is an error, not an end. */
static bool has_hung_up(int descriptor) {
    char byte;
    if (descriptor < 0) return false;
    ssize_t count = recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}

/* The ticket last: its end comes before the byte that tells of it. */
enum background_state background_state(struct background *background,
                                       const struct transfer *transfer) {
    bool lost = has_hung_up(transfer->descriptor);
    if (ticket_is_over(&background->loop.tickets, transfer)) {
        return BACKGROUND_DONE;
    }
    return lost ? BACKGROUND_LOST : BACKGROUND_UNDER_WAY;
}

/* Under the lock, so that the thread cannot end meanwhile. */
void background_withdraw(struct transfer *transfer) {
    if (transfer->owner != getpid()) return;
    pthread_mutex_lock(&lifecycle);
    if (transfer->ticket != NULL && current != NULL) {
        struct background_loop *loop = &current->loop;
        ticket_withdraw(&loop->tickets, transfer, background_loop_wake, loop);
    }
    pthread_mutex_unlock(&lifecycle);
}

struct background_counts background_count(struct background *background) {
    struct background_loop *loop = &background->loop;
    struct background_counts counts = {atomic_load(&loop->pool.running_count),
                                       atomic_load(&loop->pool.queued_count),
                                       atomic_load(&loop->finished),
                                       atomic_load(&loop->cancelled)};
    return counts;
}
