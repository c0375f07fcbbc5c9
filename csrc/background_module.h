/* core.background: the background driver for Lua. */
#ifndef TRUTO_BACKGROUND_MODULE_H
#define TRUTO_BACKGROUND_MODULE_H

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Pushes the table core.background and makes its metatable. */
void background_module_open(lua_State *L);

#pragma GCC visibility pop

#endif
