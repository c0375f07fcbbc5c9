/*
 * A string that Lua can hold and hand on but not look at. The bytes live in C
 * memory, come there when Lua asks for them to be read, and are wiped when
 * collected.
 */
#ifndef TRUTO_SECRET_H
#define TRUTO_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"

#pragma GCC visibility push(hidden)

#define SECRET_TYPE "truto.secret"

struct secret;

/* NULL unless the value at index is a secret. */
struct secret *secret_test(lua_State *L, int index);

/* The bytes as they were read last; false when there are none. They stay
 * valid while the secret is on the stack or otherwise anchored, and no Lua
 * runs. */
bool secret_bytes(const struct secret *secret, const char **bytes,
                  size_t *length);

/* Pushes the table core.secret and makes the metatable. */
void secret_open(lua_State *L);

#pragma GCC visibility pop

#endif
