/*
 * A client: the base URL, the settings all its exchanges share, its pool, and
 * the transfers that are kept between calls. It holds no token.
 */
#ifndef TRUTO_CLIENT_H
#define TRUTO_CLIENT_H

#include <stddef.h>

#include <curl/curl.h>

#include "caller.h"
#include "compat.h"
#include "json.h"
#include "transfer.h"

#pragma GCC visibility push(hidden)

#define CLIENT_TYPE "truto.client"

struct client {
    CURL *profile;                 /* never performs, so a fork may share it */
    struct transfer_traits traits; /* of the profile */
    CURLU *url;
    char *base_path; /* curl_free */
    size_t max_response_bytes;
    bool has_key_password; /* its bytes come with each call */
    int spares;            /* transfers kept for client_take_spare */
    struct caller caller;
};

/* Raises unless the value is a client that is open. */
struct client *client_check(lua_State *L, int index);

/* Pushes the table that says what is a secret in changes, as json_writer wants
 * it. */
void client_push_names(lua_State *L, int index);

/* Pushes a transfer that is not in use: many can be under way at once, and a
 * finalizer that runs within a call can make a call of its own. */
struct transfer *client_take_spare(lua_State *L, int index,
                                   struct client *client);

/* Says more of a failure that is about a file of the settings. */
void client_explain(lua_State *L, int index, struct failure *failure);

/* Takes it back for the next call; frees it if the client is closed. */
void client_keep_spare(lua_State *L, int index, int transfer_index);

/* Pushes the table core.client and makes the metatable. */
void client_open(lua_State *L);

#pragma GCC visibility pop

#endif
