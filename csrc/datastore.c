#include "datastore.h"

#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "client.h"
#include "failure.h"
#include "mask.h"
#include "secret.h"
#include "transfer.h"

enum { CLIENT = DATASTORE_CLIENT, FIRST };

/* A day: longer than any deadline that makes sense, and far from the range
 * where milliseconds no longer fit a long of 32 bits. */
#define MAX_SECONDS 86400.0

/* Of a URL in an error; an id can be 1,024 bytes, three times encoded. */
#define URL_SHOWN 512

/* Checked as a double: an integer conversion would make 0.5 into 0, which
 * libcurl takes for "no timeout". */
static long milliseconds(lua_State *L, int options, const char *name,
                         double fallback) {
    lua_getfield(L, options, name);
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

/* Stack positions of the arguments, and of what is made of them: the strings
 * of the path, from FIRST on; the table of body or query, on a route that takes
 * one; options; then its token and its headers. */
struct arguments {
    int payload; /* 0: the route takes none */
    int options, token, headers;
};

static struct arguments arguments_of(const struct route *route) {
    struct arguments at;
    int next = FIRST + routes_segments(route);
    at.payload = route->takes_body || route->takes_query ? next++ : 0;
    at.options = next;
    at.token = next + 1;
    at.headers = next + 2;
    return at;
}

static void check_payload(lua_State *L, const struct route *route, int index) {
    bool optional = route->takes_query || route->body_is_optional;
    if (optional && lua_isnoneornil(L, index)) return;
    luaL_checktype(L, index, LUA_TTABLE);
}

void datastore_check_arguments(lua_State *L, const struct route *route) {
    struct arguments at = arguments_of(route);
    for (int i = FIRST; i < FIRST + routes_segments(route); i++) {
        luaL_argcheck(L, lua_type(L, i) == LUA_TSTRING, i, "string expected");
    }
    if (at.payload != 0) check_payload(L, route, at.payload);
    luaL_checktype(L, at.options, LUA_TTABLE);
    lua_settop(L, at.options);
    lua_getfield(L, at.options, "token");
    if (lua_type(L, at.token) != LUA_TSTRING && !lua_isuserdata(L, at.token)) {
        luaL_error(L, "options.token must be a string or a secret");
    }
    lua_getfield(L, at.options, "headers");
    if (!lua_isnil(L, at.headers)) luaL_checktype(L, at.headers, LUA_TTABLE);
}

/* Where options.client_key_password, a secret, is given. */
static bool give_key_password(lua_State *L, int options,
                              struct transfer *transfer,
                              struct failure *failure) {
    const char *bytes;
    size_t length;
    struct buffer text = {0};
    lua_getfield(L, options, "client_key_password");
    struct secret *secret = secret_test(L, -1);
    lua_pop(L, 1); /* the options hold it */
    if (secret == NULL) return true;
    if (!secret_bytes(secret, &bytes, &length)) {
        return failure_set(failure, "setup", "secret_unread",
                           "the secret client_key_password was not read yet");
    }
    buffer_init(&text, length + 1);
    bool done =
        buffer_append(&text, bytes, length) && buffer_append_byte(&text, '\0')
            ? transfer_set_key_password(transfer, text.data, failure)
            : failure_out_of_memory(failure);
    buffer_free(&text);
    return done;
}

/* Position of a table, or 0. */
static int given(lua_State *L, bool taken, int index) {
    return taken && !lua_isnil(L, index) ? index : 0;
}

static bool build_body(lua_State *L, struct request *request, int body,
                       struct failure *failure) {
    client_push_names(L, CLIENT);
    bool built = request_body(L, request, body, lua_gettop(L), failure);
    lua_pop(L, 1);
    return built;
}

bool datastore_build(lua_State *L, const struct route *route,
                     struct client *client, struct transfer *transfer,
                     struct failure *failure) {
    struct request *request = &transfer->request;
    struct arguments at = arguments_of(route);
    int body = given(L, route->takes_body, at.payload);
    struct request_target target = {
        .route = route,
        .base_path = client->base_path,
        .segments = FIRST,
        .query = given(L, route->takes_query, at.payload),
    };
    struct request_header_sources sources = {
        .token = at.token,
        .headers = given(L, true, at.headers),
        .has_body = body != 0,
    };
    struct transfer_limits limits = {
        milliseconds(L, at.options, "timeout", 30),
        milliseconds(L, at.options, "connect_timeout", 10),
    };
    transfer_clear(transfer);
    transfer->route = route;
    return request_target(L, request, &target, failure) &&
           request_headers(L, request, &sources, failure) &&
           (body == 0 || build_body(L, request, body, failure)) &&
           request_show_target(L, request, &target, failure) &&
           give_key_password(L, at.options, transfer, failure) &&
           transfer_prepare(transfer, &limits, failure);
}

/* Where the path begins in a URL that has one. */
static size_t origin_length(const char *url) {
    const char *host = strstr(url, "://");
    return host == NULL ? strlen(url)
                        : strcspn(host + 3, "/") + 3 + (size_t)(host - url);
}

/* An exchange that its thread cleared has forgotten its path, and with it
 * what to mask. */
static const char *shown_path(const struct transfer *transfer) {
    const struct buffer *shown = &transfer->request.shown;
    return shown->length > 0 ? shown->data : transfer->route->path;
}

/* Stack: [..., error] -> same, with method and url, which is without its
 * query. The copy keeps libcurl's memory from a call that raises. */
static void set_target(lua_State *L, const struct transfer *transfer) {
    const struct mask *secrets = &transfer->request.secrets;
    char *url = NULL;
    lua_pushstring(L, transfer->route->method);
    lua_setfield(L, -2, "method");
    if (curl_url_get(transfer->url, CURLUPART_URL, &url, 0) != CURLUE_OK) {
        return;
    }
    char text[URL_SHOWN + 1];
    int length = snprintf(text, sizeof text, "%.*s%s", (int)origin_length(url),
                          url, shown_path(transfer));
    curl_free(url);
    if (length < 0) return;
    if (length > URL_SHOWN) length = URL_SHOWN;
    mask_push(L, secrets, text, (size_t)length);
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
    const char *path = shown_path(transfer);
    lua_createtable(L, 0, 12); /* Lua adds to it */
    mask_push(L, &request->secrets, path, strlen(path));
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
    if (complete && response_push(L, &transfer->response, transfer->route,
                                  &transfer->request.secrets)) {
        lua_pushnil(L);
    } else {
        if (!complete) {
            client_explain(L, CLIENT, &failure);
            failure_push(L, &failure);
        }
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
 * core.datastore.NAME(client, segment..., [body or query,] options)
 *   -> answer, nil, facts   or   nil, err, facts
 * One attempt of a route: converts, sends, waits in this thread, converts
 * back. Options: token (string or secret, needed), headers,
 * client_key_password (secret), timeout, connect_timeout (s). A secret that was
 * not read yet (core.secret.read) is refused, as "secret_unread". Raises for
 * arguments of the wrong type.
 */
static int perform(lua_State *L) {
    struct failure failure;
    const struct route *route = routes_upvalue(L);
    struct client *client = client_check(L, CLIENT);
    datastore_check_arguments(L, route);
    struct transfer *transfer = client_take_spare(L, CLIENT, client);
    int top = lua_gettop(L);
    failure_clear(&failure);
    if (!datastore_build(L, route, client, transfer, &failure)) {
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
    lua_newtable(L);
    routes_register(L, perform);
}
