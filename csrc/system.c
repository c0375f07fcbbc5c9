/* memset_s is there only when it is asked for. */
#define __STDC_WANT_LIB_EXT1__ 1

#include "system.h"

#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif
#include <time.h>
#include <unistd.h>

void *system_allocate(size_t size) {
    return malloc(size);
}

void system_free_wiped(void *memory, size_t used) {
    if (memory == NULL) return;
    system_wipe(memory, used);
    free(memory);
}

void system_return_memory(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

void system_wipe(void *memory, size_t length) {
    if (length == 0) return;
#if defined(__APPLE__)
    memset_s(memory, length, 0, length);
#else
    explicit_bzero(memory, length);
#endif
}

double system_monotonic(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool system_pin_module(void) {
    static const char here = 0; /* an address inside this shared object */
    Dl_info info;
    if (dladdr(&here, &info) == 0) return false;
    return dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE) != NULL;
}

/*
 * SIGINT belongs to the whole process, so transfers of several threads share
 * one handler: the first in installs it, the last out puts the old one back.
 */
static atomic_uint interrupts;
static pthread_mutex_t handler_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned handler_users;
static struct sigaction handler_before;

static void count_interrupt(int number) {
    (void)number;
    atomic_fetch_add(&interrupts, 1);
}

static void install_handler(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_interrupt; /* no SA_RESTART: poll must wake */
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, &handler_before);
    if (handler_before.sa_handler == SIG_IGN) {
        sigaction(SIGINT, &handler_before, NULL);
    }
}

static void share_handler(int change) {
    pthread_mutex_lock(&handler_lock);
    if (change > 0 && handler_users == 0) install_handler();
    if (change > 0) handler_users++;
    else handler_users--;
    if (handler_users == 0) sigaction(SIGINT, &handler_before, NULL);
    pthread_mutex_unlock(&handler_lock);
}

static void lock_for_fork(void) {
    pthread_mutex_lock(&handler_lock);
}

static void unlock_after_fork(void) {
    pthread_mutex_unlock(&handler_lock);
}

/* The threads that use the handler do not exist in the child. */
static void forget_users(void) {
    if (handler_users > 0) sigaction(SIGINT, &handler_before, NULL);
    handler_users = 0;
    pthread_mutex_unlock(&handler_lock);
}

void system_watch_forks(void) {
    pthread_atfork(lock_for_fork, unlock_after_fork, forget_users);
}

static bool pipe_is_pending(void) {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

/* SIGPIPE is blocked for this thread alone: with CURLOPT_NOSIGNAL libcurl no
 * longer ignores it, and TLS libraries write without MSG_NOSIGNAL. */
void system_pipe_begin(struct system_pipe *pipe) {
    sigset_t pipe_only;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &pipe->mask);
    pipe->was_pending =
        sigismember(&pipe->mask, SIGPIPE) == 1 && pipe_is_pending();
}

void system_pipe_end(const struct system_pipe *pipe) {
    if (!pipe->was_pending && pipe_is_pending()) {
        sigset_t pipe_only;
        sigemptyset(&pipe_only);
        sigaddset(&pipe_only, SIGPIPE);
        int taken;
        sigwait(&pipe_only, &taken);
    }
    pthread_sigmask(SIG_SETMASK, &pipe->mask, NULL);
}

void system_signals_begin(struct system_signals *signals) {
    system_pipe_begin(&signals->pipe);
    share_handler(+1);
    signals->interrupts = atomic_load(&interrupts);
}

void system_signals_end(const struct system_signals *signals) {
    share_handler(-1);
    system_pipe_end(&signals->pipe);
}

/* A signal between the check and poll would go unseen until poll returns, so
 * the wait is cut into slices that keep the promise of 100 ms. */
bool system_wait(double seconds) {
    struct system_signals signals;
    double end = system_monotonic() + seconds, left;
    system_signals_begin(&signals);
    while (!system_interrupted(&signals) &&
           (left = end - system_monotonic()) > 0) {
        poll(NULL, 0, left < 0.05 ? (int)(left * 1000) + 1 : 50);
    }
    bool whole = !system_interrupted(&signals);
    system_signals_end(&signals);
    return whole;
}

double system_random(void) {
    uint32_t bits = 0;
    if (getentropy(&bits, sizeof bits) != 0) {
        bits = (uint32_t)(system_monotonic() * 1e9);
    }
    return bits / 4294967296.0;
}

bool system_interrupted(const struct system_signals *signals) {
    return atomic_load(&interrupts) != signals->interrupts;
}
