/* core.datastore: the operations of the API, one complete attempt each. */
#ifndef TRUTO_DATASTORE_H
#define TRUTO_DATASTORE_H

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Pushes the table core.datastore. */
void datastore_open(lua_State *L);

#pragma GCC visibility pop

#endif
