#ifndef TRUTO_SYSTEM_MODULE_H
#define TRUTO_SYSTEM_MODULE_H

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Pushes the table core.system. */
void system_open(lua_State *L);

#pragma GCC visibility pop

#endif
