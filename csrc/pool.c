#include "pool.h"

#include <string.h>

#include "system.h"

/* About 90 KiB each: with less than that many at once there is little to give
 * back, and the search for it holds up the other threads' malloc. */
#define TRIM_FROM 16

/* libcurl's CURLMOPT_SOCKETFUNCTION, hence its parameters. */
static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *data,
                        void *known) { // cppcheck-suppress constParameter
    const struct pool *pool = data;
    bool first = known == NULL;
    (void)easy;
    pool->settings.watch(pool->settings.owner, socket, what, first);
    if (what != CURL_POLL_REMOVE) {
        curl_multi_assign(pool->multi, socket, data);
    }
    return 0; /* failing here would end all transfers */
}

static bool set_watch(struct pool *pool, CURLM *multi) {
    return pool->settings.watch == NULL ||
           (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket) ==
                CURLM_OK &&
            curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, pool) == CURLM_OK);
}

static CURLM *make(struct pool *pool) {
    CURLM *made = curl_multi_init();
    if (made != NULL && set_watch(pool, made) &&
        curl_multi_setopt(made, CURLMOPT_MAXCONNECTS,
                          (long)pool->settings.max_running) == CURLM_OK) {
        return made;
    }
    curl_multi_cleanup(made);
    return NULL;
}

bool pool_open(struct pool *pool, const struct pool_settings *settings) {
    memset(pool, 0, sizeof *pool);
    pool->settings = *settings;
    pool->multi = make(pool);
    return pool->multi != NULL;
}

/* All connections go. False when out of memory: then nothing has changed. */
static bool renew(struct pool *pool) {
    CURLM *fresh = make(pool);
    if (fresh == NULL) return false;
    curl_multi_cleanup(pool->multi);
    pool->multi = fresh;
    return true;
}

void pool_close(struct pool *pool) {
    while (pool->queue.first != NULL) pool_remove(pool, pool->queue.first);
    while (pool->running.first != NULL) pool_remove(pool, pool->running.first);
    CURLM *multi = pool->multi;
    pool->multi = NULL;
    curl_multi_cleanup(multi);
}

static void append(struct pool_list *list, struct transfer *transfer) {
    transfer->next = NULL;
    transfer->previous = list->last;
    if (list->last == NULL) list->first = transfer;
    else list->last->next = transfer;
    list->last = transfer;
}

static void unlink_from(struct pool_list *list, struct transfer *transfer) {
    struct transfer *next = transfer->next, *previous = transfer->previous;
    if (previous == NULL) list->first = next;
    else previous->next = next;
    if (next == NULL) list->last = previous;
    else next->previous = previous;
    transfer->next = transfer->previous = NULL;
}

static void leave_queue(struct pool *pool, struct transfer *transfer) {
    unlink_from(&pool->queue, transfer);
    atomic_fetch_sub(&pool->queued_count, 1);
}

static void end_unsent(struct transfer *transfer, CURLcode result) {
    transfer->pool = NULL;
    transfer_end_unsent(transfer, result);
}

static void end_running(struct pool *pool, struct transfer *transfer,
                        CURLcode result) {
    unlink_from(&pool->running, transfer);
    atomic_fetch_sub(&pool->running_count, 1);
    transfer->pool = NULL;
    transfer->running = false;
    transfer_end(transfer, result);
    curl_multi_remove_handle(pool->multi, transfer->easy);
    pool->last_used = system_monotonic();
}

/* Called last: the transfer may be gone, or in a pool, when it returns. */
static void tell(struct pool *pool, struct transfer *transfer) {
    if (pool->settings.done == NULL) return;
    pool->settings.done(pool->settings.owner, transfer);
}

void pool_add(struct pool *pool, struct transfer *transfer) {
    transfer_begin(transfer);
    transfer->pool = pool;
    transfer->running = false;
    append(&pool->queue, transfer);
    atomic_fetch_add(&pool->queued_count, 1);
}

void pool_remove(struct pool *pool, struct transfer *transfer) {
    if (transfer->running) {
        end_running(pool, transfer, CURLE_ABORTED_BY_CALLBACK);
    } else {
        leave_queue(pool, transfer);
        end_unsent(transfer, CURLE_ABORTED_BY_CALLBACK);
    }
}

static CURLcode hand_to_libcurl(struct pool *pool, struct transfer *transfer) {
    if (pool->broken) pool->broken = !renew(pool);
    if (pool->broken) return CURLE_OUT_OF_MEMORY;
    CURLMcode added = curl_multi_add_handle(pool->multi, transfer->easy);
    return added == CURLM_OK ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/* From the queue into libcurl. The time spent waiting counts. */
static void start(struct pool *pool, struct transfer *transfer) {
    CURLcode result = transfer_spend_waited(transfer);
    leave_queue(pool, transfer);
    if (result == CURLE_OK) result = hand_to_libcurl(pool, transfer);
    if (result != CURLE_OK) {
        end_unsent(transfer, result);
        tell(pool, transfer);
        return;
    }
    transfer->running = true;
    append(&pool->running, transfer);
    unsigned running = atomic_fetch_add(&pool->running_count, 1) + 1;
    if (running > pool->most_running) pool->most_running = running;
}

static void start_queued(struct pool *pool) {
    while (pool->queue.first != NULL &&
           atomic_load(&pool->running_count) < pool->settings.max_running) {
        start(pool, pool->queue.first);
    }
}

static void expire_queued(struct pool *pool) {
    double now = pool->queue.first != NULL ? system_monotonic() : 0;
    struct transfer *transfer = pool->queue.first, *next;
    for (; transfer != NULL; transfer = next) {
        next = transfer->next;
        if (transfer_deadline(transfer) > now) continue;
        leave_queue(pool, transfer);
        end_unsent(transfer, CURLE_OPERATION_TIMEDOUT);
        tell(pool, transfer);
    }
}

static void finish(struct pool *pool, struct transfer *transfer,
                   CURLcode result) {
    end_running(pool, transfer, result);
    tell(pool, transfer);
}

/* Of the pool, and running. libcurl's own note of it is the fast way. */
static struct transfer *find_running(const struct pool *pool, CURL *easy) {
    struct transfer *transfer = transfer_of(easy);
    if (transfer != NULL) return transfer;
    transfer = pool->running.first;
    while (transfer->easy != easy) transfer = transfer->next;
    return transfer;
}

/* False when out of memory. */
static bool perform_again(const struct pool *pool, struct transfer *transfer) {
    curl_multi_remove_handle(pool->multi, transfer->easy);
    return curl_multi_add_handle(pool->multi, transfer->easy) == CURLM_OK;
}

static void complete(struct pool *pool, struct transfer *transfer,
                     CURLcode result) {
    if (transfer_repeats(transfer, result)) {
        if (perform_again(pool, transfer)) return;
        result = CURLE_OUT_OF_MEMORY;
    }
    finish(pool, transfer, result);
}

/* True when there was one. */
static bool finish_completed(struct pool *pool) {
    const CURLMsg *message;
    bool any = false;
    int left;
    while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        CURLcode result = message->data.result;
        complete(pool, find_running(pool, message->easy_handle), result);
        any = true;
    }
    return any;
}

static bool closes_idle(const struct pool *pool) {
    return pool->settings.keep_idle > 0 && pool->last_used > 0 &&
           pool->queue.first == NULL && pool->running.first == NULL;
}

/* libcurl itself looks at kept connections only when it needs one: those
 * that the server has closed, and their memory, would stay for good. */
static void close_idle(struct pool *pool) {
    if (!closes_idle(pool) ||
        system_monotonic() < pool->last_used + pool->settings.keep_idle) {
        return;
    }
    if (!renew(pool)) {
        pool->last_used = system_monotonic(); /* later, then */
        return;
    }
    pool->last_used = 0;
    if (pool->most_running >= TRIM_FROM) system_return_memory();
    pool->most_running = 0;
}

/* A curl_multi that ran out of memory cannot be trusted: 7.88 divides by
 * zero when it meets the same socket again. */
static void start_over(struct pool *pool) {
    finish_completed(pool);
    while (pool->running.first != NULL) {
        finish(pool, pool->running.first, CURLE_OUT_OF_MEMORY);
    }
    pool->broken = !renew(pool);
}

void pool_event(struct pool *pool, int descriptor, int events) {
    int running;
    if (curl_multi_socket_action(pool->multi, descriptor, events, &running) !=
        CURLM_OK) {
        start_over(pool);
    }
}

/* Asked anew each time: a timer that fires a little early is not repeated
 * by libcurl's timer callback, and its transfer would hang. */
static long timeout(const struct pool *pool) {
    long milliseconds = -1;
    curl_multi_timeout(pool->multi, &milliseconds);
    return milliseconds;
}

void pool_turn(struct pool *pool) {
    finish_completed(pool);
    expire_queued(pool);
    start_queued(pool);
    close_idle(pool);
    if (timeout(pool) != 0) return;
    pool_event(pool, CURL_SOCKET_TIMEOUT, 0);
    finish_completed(pool);
    start_queued(pool);
}

/* The earlier of two times; below 0: never. */
static double earlier(double one, double other) {
    return one < 0 || (other >= 0 && other < one) ? other : one;
}

/* When a queued transfer will have waited in vain; below 0: never. */
static double queue_deadline(const struct pool *pool) {
    double end = -1;
    const struct transfer *transfer = pool->queue.first;
    for (; transfer != NULL; transfer = transfer->next) {
        end = earlier(end, transfer_deadline(transfer));
    }
    return end;
}

double pool_idle_until(const struct pool *pool) {
    long milliseconds = timeout(pool);
    double end = milliseconds < 0
                     ? -1
                     : system_monotonic() + (double)milliseconds / 1000;
    if (closes_idle(pool)) {
        end = earlier(end, pool->last_used + pool->settings.keep_idle);
    }
    return earlier(end, queue_deadline(pool));
}

/* In milliseconds, rounded up so that what is waited for is due then. */
static int wait_time(const struct pool *pool, double seconds) {
    double end = queue_deadline(pool);
    if (end >= 0 && end - system_monotonic() < seconds) {
        seconds = end - system_monotonic();
    }
    return seconds <= 0 ? 0 : (int)(seconds * 1000) + 1;
}

void pool_slice(struct pool *pool, double seconds) {
    int running;
    expire_queued(pool);
    start_queued(pool);
    if (pool->running.first == NULL) return;
    CURLMcode problem = curl_multi_perform(pool->multi, &running);
    if (problem == CURLM_OK && !finish_completed(pool)) {
        problem = curl_multi_poll(pool->multi, NULL, 0,
                                  wait_time(pool, seconds), NULL);
    }
    if (problem != CURLM_OK) start_over(pool);
}
