/*
 * JSON. Requests are written here, straight from Lua values and secrets, so
 * that integers, doubles and bytes go out exactly; answers are read by a
 * private instance of lua-cjson, whose settings nobody else shares.
 */
#ifndef TRUTO_JSON_H
#define TRUTO_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "compat.h"
#include "failure.h"
#include "mask.h"

#pragma GCC visibility push(hidden)

#define JSON_MAX_DEPTH 64

/* What a table of names says of a member: what stands anywhere under a secret
 * name is a secret, but for the members with a plain name. */
enum { JSON_NAME_SECRET = 1, JSON_NAME_PLAIN = 2 }; /* or both, added */

/* What a writer needs besides the value. All belongs to the caller. */
struct json_writer {
    struct buffer *output;
    struct buffer *keys;  /* scratch: JSON_KEY_SIZE bytes for each key of the
                             tables being written */
    struct mask *secrets; /* gets every secret string written */
    int names; /* position of a table: name -> JSON_NAME_*; 0: none */
    struct failure *failure;
    int anchor; /* json_write's own */
};
#define JSON_KEY_SIZE (3 * sizeof(size_t))

/*
 * Appends the value at index as JSON; the same value gives the same bytes.
 * Raw access only: no metamethod runs. False with the failure noted; code
 * "secret_unread" for a secret that Lua must read first. Raises only when Lua
 * itself is out of memory.
 */
bool json_write(lua_State *L, int index, struct json_writer *writer);

enum json_status {
    JSON_READ,
    JSON_INVALID,
    JSON_OUT_OF_RANGE, /* a number is larger than Lua's */
};

/*
 * Parses text: pushes the value, or nothing unless JSON_READ. Null members of
 * objects are left out, whole numbers are integers where the VM has them.
 */
enum json_status json_read(lua_State *L, const char *text, size_t length);

/* Makes the private reader; raises when lua-cjson cannot be required, or is
 * something else. */
void json_open(lua_State *L);

/* Pushes json_read as a Lua function: the value, or nothing. */
void json_push_reader(lua_State *L);

/* Pushes the value that stands for an empty JSON array. */
void json_push_empty_array(lua_State *L);

#pragma GCC visibility pop

#endif
