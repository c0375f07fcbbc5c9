/*
 * core.background. What C calls a transfer is an `exchange` for Lua: start
 * it, get its byte through the address or the descriptor, finish it.
 */
#include "background_module.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "background.h"
#include "client.h"
#include "datastore.h"

#define USER_TYPE "truto.background.user"

enum { CLIENT = 1, OPERATION = 2, EXCHANGE = 2 };

/* One per Lua state, in the registry: while it lives, the thread lives. */
struct user {
    struct background *background;
};

static char user_key; /* its address is the registry key */

static void release(struct user *user) {
    struct background *background = user->background;
    user->background = NULL;
    if (background != NULL) background_release(background);
}

static int user_gc(lua_State *L) {
    struct user *user = compat_testudata(L, 1, USER_TYPE);
    if (user != NULL) release(user);
    return 0;
}

/* This state's thread, or NULL when it has none, or had it before a fork. */
static struct background *find(lua_State *L) {
    lua_pushlightuserdata(L, &user_key);
    lua_rawget(L, LUA_REGISTRYINDEX);
    const struct user *user = compat_testudata(L, -1, USER_TYPE);
    lua_pop(L, 1);
    if (user == NULL || user->background == NULL) return NULL;
    return background_is_ours(user->background) ? user->background : NULL;
}

/* The userdata is there and registered before it holds anything. */
static struct background *find_or_start(lua_State *L, struct failure *failure) {
    struct background *background = find(L);
    if (background != NULL) return background;
    lua_pushlightuserdata(L, &user_key);
    struct user *user = lua_newuserdata(L, sizeof *user);
    user->background = NULL;
    luaL_getmetatable(L, USER_TYPE);
    lua_setmetatable(L, -2);
    lua_rawset(L, LUA_REGISTRYINDEX);
    user->background = background_acquire(failure);
    return user->background;
}

static struct transfer *check_exchange(lua_State *L, int index) {
    struct transfer *transfer = compat_testudata(L, index, TRANSFER_TYPE);
    if (transfer == NULL) luaL_argerror(L, index, "exchange expected");
    return transfer;
}

/* Raises for an exchange that was finished or cancelled here, or that was
 * started before a fork. */
static struct background *check_started(lua_State *L,
                                        const struct transfer *transfer) {
    struct background *background = find(L);
    if (background == NULL || transfer->owner != getpid() ||
        transfer->ticket == NULL) {
        luaL_error(L, "this exchange is not under way");
    }
    return background;
}

/* Stack: [client, operation, arguments] -> [client, arguments]. */
static const struct route *take_operation(lua_State *L) {
    const char *name = luaL_checkstring(L, OPERATION);
    const struct route *route = routes_find(name);
    if (route == NULL) luaL_argerror(L, OPERATION, "not an operation");
    lua_remove(L, OPERATION);
    return route;
}

/*
 * start(client, operation, arguments...) -> exchange, seconds
 *   or nil, err, facts
 * Arguments and errors as core.datastore[operation]; `seconds` is the timeout
 * among them. Nothing is sent before the exchange's number or descriptor is
 * used. Errors beside those: kind "setup", codes "too_many_in_flight" and
 * "background_unavailable".
 */
static int start(lua_State *L) {
    struct failure failure;
    struct client *client = client_check(L, CLIENT);
    const struct route *route = take_operation(L);
    datastore_check_arguments(L, route);
    failure_clear(&failure);
    struct background *background = find_or_start(L, &failure);
    if (background == NULL) return datastore_refuse(L, &failure);
    struct transfer *transfer = client_take_spare(L, CLIENT, client);
    int top = lua_gettop(L);
    bool built = datastore_build(L, route, client, transfer, &failure);
    double seconds = (double)transfer->limits.timeout_ms / 1000;
    if (built && background_hand_over(background, transfer, &failure)) {
        lua_pushnumber(L, seconds);
        return 2;
    }
    transfer_clear(transfer);
    int results = datastore_refuse(L, &failure);
    client_keep_spare(L, CLIENT, top);
    return results;
}

/* number(exchange) -> the four bytes to send to the address */
static int number(lua_State *L) {
    const struct transfer *transfer = check_exchange(L, 1);
    const struct background *background = check_started(L, transfer);
    uint32_t value = background_number(background, transfer);
    lua_pushlstring(L, (const char *)&value, sizeof value);
    return 1;
}

/* address() -> "/proc/self/fd/N", a unix stream socket; nil before start */
static int address(lua_State *L) {
    const struct background *background = find(L);
    if (background == NULL) lua_pushnil(L);
    else lua_pushstring(L, background_address(background));
    return 1;
}

/*
 * descriptor(exchange) -> integer, or nil, message
 * Sends the exchange; the descriptor becomes readable when it has ended. It
 * belongs to the exchange, which closes it when it is finished or cancelled.
 */
static int descriptor(lua_State *L) {
    struct transfer *transfer = check_exchange(L, 1);
    const struct background *background = check_started(L, transfer);
    if (transfer->descriptor < 0) {
        int connected = background_connect(background, transfer);
        if (connected < 0) {
            lua_pushnil(L);
            lua_pushstring(L, strerror(errno));
            return 2;
        }
        transfer->descriptor = connected;
    }
    lua_pushinteger(L, transfer->descriptor);
    return 1;
}

/* done(exchange) -> whether finish may be called; nil when it never will be,
 * since the thread, out of memory or of watches, let go of its caller */
static int done(lua_State *L) {
    const struct transfer *transfer = check_exchange(L, 1);
    struct background *background = check_started(L, transfer);
    switch (background_state(background, transfer)) {
    case BACKGROUND_DONE: lua_pushboolean(L, 1); break;
    case BACKGROUND_UNDER_WAY: lua_pushboolean(L, 0); break;
    case BACKGROUND_LOST: lua_pushnil(L); break;
    }
    return 1;
}

/* finish(client, exchange) -> as core.datastore[operation]; once only */
static int finish(lua_State *L) {
    luaL_argcheck(L, compat_testudata(L, CLIENT, CLIENT_TYPE), CLIENT,
                  "client expected");
    struct transfer *transfer = check_exchange(L, EXCHANGE);
    struct background *background = check_started(L, transfer);
    if (background_state(background, transfer) != BACKGROUND_DONE) {
        return luaL_error(L, "this exchange has not ended yet");
    }
    background_withdraw(transfer);
    transfer_disconnect(transfer);
    int results = datastore_answer(L, transfer);
    transfer_clear(transfer);
    client_keep_spare(L, CLIENT, EXCHANGE);
    return results;
}

/* cancel(client, exchange) -> outcome: "not_sent", or "unknown" */
static int cancel(lua_State *L) {
    luaL_argcheck(L, compat_testudata(L, CLIENT, CLIENT_TYPE), CLIENT,
                  "client expected");
    struct transfer *transfer = check_exchange(L, EXCHANGE);
    check_started(L, transfer);
    background_withdraw(transfer);
    lua_pushstring(L, transfer->sends > 0 ? "unknown" : "not_sent");
    transfer_disconnect(transfer);
    transfer_clear(transfer);
    client_keep_spare(L, CLIENT, EXCHANGE);
    return 1;
}

static void set_count(lua_State *L, const char *key, unsigned long count) {
    lua_pushnumber(L, (lua_Number)count);
    lua_setfield(L, -2, key);
}

/* counts() -> {running, queued, finished, cancelled} of this process; nil
 * before the first start */
static int counts(lua_State *L) {
    struct background *background = find(L);
    if (background == NULL) {
        lua_pushnil(L);
        return 1;
    }
    struct background_counts count = background_count(background);
    lua_createtable(L, 0, 4);
    set_count(L, "running", count.running);
    set_count(L, "queued", count.queued);
    set_count(L, "finished", count.finished);
    set_count(L, "cancelled", count.cancelled);
    return 1;
}

static unsigned check_limit(lua_State *L, int index, double least) {
    lua_Number value = luaL_checknumber(L, index);
    luaL_argcheck(L, value >= least && value <= BACKGROUND_IN_FLIGHT_MAX, index,
                  "a number up to 2048 expected");
    return (unsigned)value;
}

/* limit(in_flight, queued): of the process; see background_limit */
static int limit(lua_State *L) {
    background_limit(check_limit(L, 1, 1), check_limit(L, 2, 0));
    return 0;
}

/* keep_idle(seconds): of connections; see background_keep_idle */
static int keep_idle(lua_State *L) {
    lua_Number seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0.001 && seconds <= 300, 1,
                  "0.001 to 300 seconds expected");
    background_keep_idle((unsigned)(seconds * 1000));
    return 0;
}

void background_module_open(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"start", start},     {"number", number},
        {"address", address}, {"done", done},
        {"finish", finish},   {"descriptor", descriptor},
        {"cancel", cancel},   {"counts", counts},
        {"limit", limit},     {"keep_idle", keep_idle},
        {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", user_gc}, {NULL, NULL}};
    compat_newmetatable(L, USER_TYPE, metamethods);
    lua_pop(L, 1);
    lua_newtable(L);
    compat_setfuncs(L, functions);
}
