/*
 * Lua values to the parts of a request: path, query, headers, body. No I/O.
 * Every byte that a caller can choose is checked before it is used.
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
#include "mask.h"
#include "routes.h"

#pragma GCC visibility push(hidden)

#define REQUEST_MAX_HEADERS 64
#define REQUEST_FIXED_HEADERS                                                  \
    4 /* Authorization, Content-Type, Accept, Expect */

struct request {
    struct buffer path;
    struct buffer query; /* empty: none */
    struct buffer shown; /* the path as messages may show it */
    struct buffer body;
    struct mask secrets; /* the token and all secrets in the body */
    struct buffer keys;  /* scratch of the JSON writer */
    struct buffer header_text;
    /* Nodes of our own over header_text: nothing is allocated for them, so
     * none can be missing from what is sent. */
    struct curl_slist headers[REQUEST_FIXED_HEADERS + REQUEST_MAX_HEADERS];
};

void request_init(struct request *request);

/* Empties all parts; what they held is wiped. */
void request_clear(struct request *request);
void request_free(struct request *request);

/* Where the request goes, and the Lua stack's positions of what it is made
 * of. `query`: a list of {name, value}; 0: none. */
struct request_target {
    const struct route *route;
    const char *base_path;
    int segments; /* of the first string; the others follow */
    int query;
};

/* Positions too: the string or secret of the token, a table (0: none). */
struct request_header_sources {
    int token;
    int headers;
    bool has_body;
};

/* All below return false with the failure noted. They leave the stack as it
 * was. */

/* Path and query; each segment that the caller gives becomes one
 * percent-encoded segment. */
bool request_target(lua_State *L, struct request *request,
                    const struct request_target *target,
                    struct failure *failure);

/* Authorization, the headers that truto sets, and those of the caller. */
bool request_headers(lua_State *L, struct request *request,
                     const struct request_header_sources *sources,
                     struct failure *failure);

/* The table at `body` as JSON; `names` as in struct json_writer. */
bool request_body(lua_State *L, struct request *request, int body, int names,
                  struct failure *failure);

/* After the others, since they note the secrets: makes request->shown, in
 * which "[secret]" stands for a segment that holds one. */
bool request_show_target(lua_State *L, struct request *request,
                         const struct request_target *target,
                         struct failure *failure);

/* Whether a byte may stand for itself anywhere in a URL (RFC 3986, 2.3). */
bool request_is_unreserved(unsigned char byte);

#pragma GCC visibility pop

#endif
