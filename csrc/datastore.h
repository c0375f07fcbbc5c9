/* core.datastore: the operations of the API, one complete attempt each. */
#ifndef TRUTO_DATASTORE_H
#define TRUTO_DATASTORE_H

#include "client.h"
#include "compat.h"
#include "failure.h"
#include "routes.h"
#include "transfer.h"

#pragma GCC visibility push(hidden)

/* The parts of an operation, for whoever drives the transfer. Arguments, always
 * from this position on: client, then as the functions of core.datastore. */
#define DATASTORE_CLIENT 1

/* Raises for wrong types. Stack: [arguments] -> [arguments, two more]. */
void datastore_check_arguments(lua_State *L, const struct route *route);

/* Fills and prepares the transfer. False with the failure noted. */
bool datastore_build(lua_State *L, const struct route *route,
                     struct client *client, struct transfer *transfer,
                     struct failure *failure);

/* Pushes nil, err, facts after a build that failed. */
int datastore_refuse(lua_State *L, const struct failure *failure);

/* Pushes answer, nil, facts or nil, err, facts of an ended transfer. */
int datastore_answer(lua_State *L, const struct transfer *transfer);

/* Pushes the table core.datastore. */
void datastore_open(lua_State *L);

#pragma GCC visibility pop

#endif
