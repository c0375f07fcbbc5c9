/*
 * One libcurl easy handle and one exchange at a time: its options, limits and
 * facts. No other file sets easy options.
 */
#ifndef TRUTO_TRANSFER_H
#define TRUTO_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <curl/curl.h>

#include "compat.h"
#include "failure.h"
#include "request.h"
#include "response.h"
#include "routes.h"

#pragma GCC visibility push(hidden)

#define TRANSFER_TYPE "truto.transfer"

/* What all exchanges of a client share; NULL: not given. */
struct transfer_settings {
    const char *scheme; /* "https", or "http" for loopback */
    const char *ca_file;
    const char *client_cert;
    const char *client_key;
    const char *proxy;
    const char *no_proxy;
    const char *user_agent;
};

/* What follows from the settings and cannot be asked of the handle. */
struct transfer_traits {
    bool bundle_is_left; /* of the system's store; see authorities_set */
    bool proxy_speaks_tls;
    bool proxy_is_sure; /* no host goes without the proxy */
};

struct transfer_limits {
    long timeout_ms;
    long connect_timeout_ms;
};

struct ticket; /* see ticket.h */
struct pool;   /* see pool.h */

struct transfer {
    CURL *easy;
    CURLU *url;
    const struct route *route; /* of the exchange that is under way */
    pid_t owner; /* a forked child must not touch the parent's connection */
    struct request request;
    struct response response;
    struct transfer_limits limits;
    struct transfer_traits traits;
    struct pool *pool; /* that has it queued or running; NULL: none. It alone
                          touches these: */
    struct transfer *next, *previous;
    bool running;
    struct ticket *ticket; /* NULL: not handed over to another thread */
    void (*withdraw)(struct transfer *transfer); /* undoes the handing over */
    int descriptor; /* of the one who waits for it; -1: none */
    bool cancelled;
    double started;
    CURLcode result;
    unsigned sends; /* how often libcurl was about to write the request */
    bool send_is_guarded;
    bool nameless; /* the certificate names no host; nothing was sent */
    bool reused_connection;
    bool interrupted;
    double elapsed;
    char error_text[CURL_ERROR_SIZE];
};

/* A handle that holds the settings and is only ever copied. NULL with the
 * failure noted. The caller owns it: curl_easy_cleanup. The traits are for
 * the transfers that get the copies. */
CURL *transfer_profile(const struct transfer_settings *settings,
                       struct transfer_traits *traits, struct failure *failure);

/* Pushes a transfer without a handle. Raises when out of memory. */
struct transfer *transfer_push(lua_State *L, size_t max_response_bytes);

/* Gives it a handle. Raises when out of memory; runs no Lua before the profile
 * and the URL are copied. */
void transfer_equip(lua_State *L, struct transfer *transfer, CURL *profile,
                    const struct transfer_traits *traits, CURLU *url);

/* What opens the client's key. libcurl keeps a copy, and frees it unwiped. */
bool transfer_set_key_password(struct transfer *transfer, const char *password,
                               struct failure *failure);

/* Hands the finished transfer->request to libcurl. */
bool transfer_prepare(struct transfer *transfer,
                      const struct transfer_limits *limits,
                      struct failure *failure);

/* Around the exchange that a pool lets libcurl make. */
void transfer_begin(struct transfer *transfer);
void transfer_end(struct transfer *transfer, CURLcode result);

/* Asked before transfer_end: true when the same exchange is to be performed
 * once more at once, since nothing was sent and the handle now trusts more.
 * The time that is over is taken off its limits. */
bool transfer_repeats(struct transfer *transfer, CURLcode result);

/* Trusts the system's bundle as well, from the next performance on. False
 * when it did so before, need not, or cannot. */
bool transfer_add_bundle(struct transfer *transfer);

/* In place of transfer_end, for one that libcurl was never given. */
void transfer_end_unsent(struct transfer *transfer, CURLcode result);

/* When the attempt's time is over, in terms of system_monotonic. */
double transfer_deadline(const struct transfer *transfer);

/* Takes the time since transfer_begin off the limits.
 * CURLE_OPERATION_TIMEDOUT when nothing is left. */
CURLcode transfer_spend_waited(struct transfer *transfer);

/* Whose handle it is. */
struct transfer *transfer_of(CURL *easy);

/* True when an answer arrived whole; else the failure is noted. */
bool transfer_succeeded(const struct transfer *transfer,
                        struct failure *failure);

/* Closes the descriptor of the one who waits, if there is one. */
void transfer_disconnect(struct transfer *transfer);

/* Wipes what the exchange held; connections are kept. */
void transfer_clear(struct transfer *transfer);

/* Frees everything; may be called twice. */
void transfer_release(struct transfer *transfer);

/* Makes the metatable. */
void transfer_open(lua_State *L);

#pragma GCC visibility pop

#endif
