/*
 * Status, headers and body to Lua tables. No I/O; nothing here trusts the
 * server.
 */
#ifndef TRUTO_RESPONSE_H
#define TRUTO_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "compat.h"
#include "head.h"
#include "mask.h"
#include "routes.h"

#pragma GCC visibility push(hidden)

struct response {
    long status;
    struct head head;
    struct buffer body;
};

void response_init(struct response *response, size_t max_body);
void response_clear(struct response *response);
void response_free(struct response *response);

/* Called from inside libcurl, touches no Lua. False when the ceiling or memory
 * stops it. */
bool response_add_body(struct response *response, const char *bytes,
                       size_t length);

/*
 * A complete answer: pushes the object that it holds and returns true, or
 * pushes an error table ("api", "response") and returns false. `secrets` are
 * masked in everything that is pushed but that object itself.
 */
bool response_push(lua_State *L, const struct response *response,
                   const struct route *route, const struct mask *secrets);

/* What Retry-After asks for, counted from the answer's own Date. */
bool response_retry_after(const struct response *response, double *seconds);

/* Pushes a table from lower-case header names to values; a name that came
 * more than once has its values joined by ", ". */
void response_push_headers(lua_State *L, const struct response *response,
                           const struct mask *secrets);

#pragma GCC visibility pop

#endif
