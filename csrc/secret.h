/*
 * A string that Lua can hold and hand on but not look at. The bytes live in C
 * memory, are read when first needed, and are wiped when collected.
 */
#ifndef TRUTO_SECRET_H
#define TRUTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"
#include "failure.h"

#pragma GCC visibility push(hidden)

#define SECRET_TYPE "truto.secret"

struct secret;

/* NULL unless the value at index is a secret. */
struct secret *secret_test(lua_State *L, int index);

enum secret_status {
    SECRET_READY,
    SECRET_UNREAD, /* made by secret.call: only Lua can fill it */
    SECRET_FAILED  /* its source cannot be read; the failure says why */
};

/* Reads the source if that was not done yet. The bytes stay valid while the
 * secret is on the stack or otherwise anchored. */
enum secret_status secret_read(struct secret *secret, const char **bytes,
                               size_t *length, struct failure *failure);

/* Pushes the table core.secret and makes the metatable. */
void secret_open(lua_State *L);

#pragma GCC visibility pop

#endif
