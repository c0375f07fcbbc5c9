/*
 * A client: the base URL, the settings all its exchanges share, and the
 * transfer whose connections are kept between calls. It holds no token.
 */
#ifndef TRUTO_CLIENT_H
#define TRUTO_CLIENT_H

#include <stddef.h>

#include <curl/curl.h>

#include "compat.h"
#include "transfer.h"

#pragma GCC visibility push(hidden)

#define CLIENT_TYPE "truto.client"

struct client {
    CURL *profile; /* never performs, so a fork may share it */
    CURLU *url;
    char *base_path; /* curl_free */
    size_t max_response_bytes;
    int spares; /* transfers kept for client_take_spare */
};

/* Raises unless the value is a client that is open. */
struct client *client_check(lua_State *L, int index);

/* The names whose values are secrets, in the form of struct json_writer;
 * valid while the client is on the stack. */
const char *client_secret_names(lua_State *L, int index);

/* The kept transfer, or a fresh one where there is none or it was made
 * before a fork. It stays valid while the client is on the stack. */
struct transfer *client_transfer(lua_State *L, int index,
                                 struct client *client);

/* Pushes a transfer that is not in use, for a driver that has many under way
 * at once, and takes it back for the next call. */
struct transfer *client_take_spare(lua_State *L, int index,
                                   struct client *client);
void client_keep_spare(lua_State *L, int index, int transfer_index);

/* Pushes the table core.client and makes the metatable. */
void client_open(lua_State *L);

#pragma GCC visibility pop

#endif
