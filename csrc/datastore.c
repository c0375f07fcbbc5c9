#include "datastore.h"

#include <string.h>

#include "client.h"
#include "failure.h"
#include "mask.h"
#include "transfer.h"

/* Stack positions of the arguments, and of what is made of them. */
enum { CLIENT = DATASTORE_CLIENT, ID, CHANGES, OPTIONS, TOKEN, HEADERS };

/* A day: longer than any deadline that makes sense, and far from the range
 * where milliseconds no longer fit a long of 32 bits. */
#define MAX_SECONDS 86400.0

/* Of a URL in an error; an id can be 1,024 bytes, three times encoded. */
#define URL_SHOWN 512

/* Checked as a double: an integer conversion would make 0.5 into 0, which
 * libcurl takes for "no timeout". */
static long milliseconds(lua_State *L, const char *name, double fallback) {
    lua_getfield(L, OPTIONS, name);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TNUMBER) {
        luaL_error(L, "options.%s must be a number of seconds", name);
    }
    double seconds = lua_isnil(L, -1) ? fallback : lua_tonumber(L, -1);
    if (!(seconds > 0 && seconds <= MAX_SECONDS)) {
        luaL_error(L, "options.%s must be above 0 and at most 86400 seconds",
                   name);
    }
    lua_pop(L, 1);
    return seconds < 0.001 ? 1 : (long)(seconds * 1000);
}

void datastore_check_arguments(lua_State *L) {
    luaL_argcheck(L, lua_type(L, ID) == LUA_TSTRING, ID, "string expected");
    luaL_checktype(L, CHANGES, LUA_TTABLE);
    luaL_checktype(L, OPTIONS, LUA_TTABLE);
    lua_settop(L, OPTIONS);
    lua_getfield(L, OPTIONS, "token");
    if (lua_type(L, TOKEN) != LUA_TSTRING && !lua_isuserdata(L, TOKEN)) {
        luaL_error(L, "options.token must be a string or a secret");
    }
    lua_getfield(L, OPTIONS, "headers");
    if (!lua_isnil(L, HEADERS)) luaL_checktype(L, HEADERS, LUA_TTABLE);
}

bool datastore_build(lua_State *L, struct client *client,
                     struct transfer *transfer, struct failure *failure) {
    struct request *request = &transfer->request;
    struct json_names names = client_names(L, CLIENT);
    size_t length;
    const char *id = lua_tolstring(L, ID, &length);
    struct transfer_limits limits = {
        milliseconds(L, "timeout", 30),
        milliseconds(L, "connect_timeout", 10),
    };
    transfer_clear(transfer);
    bool built =
        request_path(request, client->base_path, id, length, failure) &&
        request_headers(L, request, TOKEN, lua_isnil(L, HEADERS) ? 0 : HEADERS,
                        failure) &&
        request_body(L, request, CHANGES, &names, failure) &&
        transfer_prepare(transfer, &limits, failure);
    request->id_holds_secret = mask_finds(id, length, &request->secrets);
    return built;
}

/* Stack: [...] -> [..., a URL or path to show]. A secret that was passed in
 * the place of the id would not be found in its encoded form. */
static void push_shown(lua_State *L, const struct request *request,
                       const char *text, size_t length) {
    if (!request->id_holds_secret) {
        mask_push(L, text, length, &request->secrets);
        return;
    }
    while (length > 0 && text[length - 1] != '/') length--;
    mask_push(L, text, length, &request->secrets);
    lua_pushliteral(L, MASK_TEXT);
    lua_concat(L, 2);
}

/* Stack: [..., error] -> same, with method and url. The copy keeps libcurl's
 * memory from a call that raises. */
static void set_target(lua_State *L, const struct transfer *transfer) {
    char *url = NULL;
    lua_pushliteral(L, "PATCH");
    lua_setfield(L, -2, "method");
    if (curl_url_get(transfer->url, CURLUPART_URL, &url, 0) != CURLUE_OK) {
        return;
    }
    size_t length = strlen(url);
    if (length > URL_SHOWN) length = URL_SHOWN;
    char text[URL_SHOWN];
    memcpy(text, url, length);
    curl_free(url);
    push_shown(L, &transfer->request, text, length);
    lua_setfield(L, -2, "url");
}

/* Stack: [table] -> same. */
static void set_size(lua_State *L, const char *name, size_t size) {
    lua_pushinteger(L, (lua_Integer)size);
    lua_setfield(L, -2, name);
}

/* Stack: [...] -> [..., facts]. */
static void push_facts(lua_State *L, const struct transfer *transfer) {
    const struct response *response = &transfer->response;
    const struct request *request = &transfer->request;
    const char *path = request->path.data;
    lua_createtable(L, 0, 12); /* Lua adds to it */
    push_shown(L, request, path, strlen(path));
    lua_setfield(L, -2, "path");
    set_size(L, "request_bytes", request->body.length);
    set_size(L, "response_bytes", response->body.length);
    if (response->status > 0) {
        lua_pushinteger(L, (lua_Integer)response->status);
        lua_setfield(L, -2, "status");
        response_push_headers(L, response, &transfer->request.secrets);
        lua_setfield(L, -2, "headers");
    }
    double retry_after;
    if (response->status > 0 && response_retry_after(response, &retry_after)) {
        lua_pushnumber(L, retry_after);
        lua_setfield(L, -2, "retry_after");
    }
    lua_pushnumber(L, transfer->elapsed);
    lua_setfield(L, -2, "elapsed");
    lua_pushboolean(L, transfer->reused_connection);
    lua_setfield(L, -2, "connection_reused");
}

int datastore_refuse(lua_State *L, const struct failure *failure) {
    lua_pushnil(L);
    failure_push(L, failure);
    lua_createtable(L, 0, 0);
    return 3;
}

int datastore_answer(lua_State *L, const struct transfer *transfer) {
    struct failure failure;
    failure_clear(&failure);
    bool complete = transfer_succeeded(transfer, &failure);
    if (complete &&
        response_push(L, &transfer->response, &transfer->request.secrets)) {
        lua_pushnil(L);
    } else {
        if (!complete) failure_push(L, &failure);
        if (!complete && transfer->response.status > 0) {
            lua_pushinteger(L, (lua_Integer)transfer->response.status);
            lua_setfield(L, -2, "status");
        }
        set_target(L, transfer);
        lua_pushnil(L);
        lua_insert(L, -2);
    }
    push_facts(L, transfer);
    return 3;
}

/*
 * core.datastore.update(client, id, changes, options)
 *   -> datastore, nil, facts   or   nil, err, facts
 * One attempt: converts, sends, waits in this thread, converts back. Options:
 * token (string or secret, needed), headers, timeout, connect_timeout (s).
 * Secrets whose function was not called yet are refused as "secret_unread".
 * Raises for arguments of the wrong type.
 */
static int datastore_update(lua_State *L) {
    struct failure failure;
    struct client *client = client_check(L, CLIENT);
    datastore_check_arguments(L);
    struct transfer *transfer = client_take_spare(L, CLIENT, client);
    int top = lua_gettop(L);
    failure_clear(&failure);
    if (!datastore_build(L, client, transfer, &failure)) {
        transfer_clear(transfer);
        int results = datastore_refuse(L, &failure);
        client_keep_spare(L, CLIENT, top);
        return results;
    }
    caller_perform(&client->caller, transfer);
    int results = datastore_answer(L, transfer);
    transfer_clear(transfer);
    client_keep_spare(L, CLIENT, top);
    return results;
}

void datastore_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"update", datastore_update},
                                         {NULL, NULL}};
    lua_newtable(L);
    compat_setfuncs(L, functions);
}
