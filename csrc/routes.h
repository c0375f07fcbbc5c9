/*
 * The routes of the API, one row each. Whatever differs between one operation
 * and the next stands here; all other files read it. core.routes has the same
 * rows for Lua.
 */
#ifndef TRUTO_ROUTES_H
#define TRUTO_ROUTES_H

#include <stdbool.h>

#include "compat.h"

#pragma GCC visibility push(hidden)

struct route {
    const char *name; /* of the function in core.datastore */
    const char *method;
    const char *path; /* {name} is a segment that the caller gives */
    bool takes_body;  /* a table; NULL where `body_is_optional` allows nil */
    bool body_is_optional;
    bool takes_query;
    bool safe;            /* changes nothing (RFC 9110, 9.2.1) */
    bool idempotent;      /* twice is the same as once (RFC 9110, 9.2.2) */
    bool answer_is_empty; /* an answer without a body is a success */
    /* Ends a message when the request was sent and nobody knows what became of
     * it; empty for a safe route. */
    const char *fate;
};

/* NULL when there is no such route. */
const struct route *routes_find(const char *name);

/* How many segments of the path the caller gives. */
int routes_segments(const struct route *route);

/* Sets, in the table on top of the stack, a closure of `function` for each
 * route under its name; routes_upvalue says which one was called. */
void routes_register(lua_State *L, lua_CFunction function);
const struct route *routes_upvalue(lua_State *L);

/* Pushes the table core.routes: {name = {method, path, safe, idempotent,
 * fate}}. */
void routes_open(lua_State *L);

#pragma GCC visibility pop

#endif
