/*
 * Lua values to the parts of a request: path, headers, body. No I/O. Every
 * byte that a caller can choose is checked before it is used.
 */
#ifndef TRUTO_REQUEST_H
#define TRUTO_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <curl/curl.h>

#include "buffer.h"
#include "compat.h"
#include "failure.h"
#include "json.h"

#pragma GCC visibility push(hidden)

#define REQUEST_MAX_HEADERS 64
#define REQUEST_FIXED_HEADERS 4 /* Authorization, two of content, Expect */

struct request {
    struct buffer path;
    bool id_holds_secret; /* then the path is not shown */
    struct buffer body;
    struct buffer secrets; /* the token and all secrets in the body; see
                              struct json_writer */
    struct buffer keys;    /* scratch of the JSON writer */
    struct buffer header_text;
    /* Nodes of our own over header_text: nothing is allocated for them, so
     * none can be missing from what is sent. */
    struct curl_slist headers[REQUEST_FIXED_HEADERS + REQUEST_MAX_HEADERS];
};

void request_init(struct request *request);

/* Empties all parts; what they held is wiped. */
void request_clear(struct request *request);
void request_free(struct request *request);

/* The three below return false with the failure noted. They leave the stack
 * as it was. */

/* Path of one datastore: the id becomes one percent-encoded segment. */
bool request_path(struct request *request, const char *base_path,
                  const char *id, size_t length, struct failure *failure);

/* Authorization from the string or secret at `token`, the fixed headers, and
 * those of the table at `headers` (0: none). */
bool request_headers(lua_State *L, struct request *request, int token,
                     int headers, struct failure *failure);

/* The table at `changes` as JSON. */
bool request_body(lua_State *L, struct request *request, int changes,
                  const struct json_names *names, struct failure *failure);

#pragma GCC visibility pop

#endif
