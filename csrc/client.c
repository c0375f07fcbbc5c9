#include "client.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_RESPONSE_CEILING 1073741824.0 /* 1 GiB */

/* Positions in the client's Lua value; spares stand there from the last on. */
enum { SLOT_SECRET_NAMES = 1, SLOT_SPARES = 2 };

/* About 15 KiB each; making one anew costs little beside an exchange. */
#define SPARES_MAX 64

static struct client *client_any(lua_State *L, int index) {
    struct client *client = compat_testudata(L, index, CLIENT_TYPE);
    if (client == NULL) luaL_argerror(L, index, "client expected");
    return client;
}

struct client *client_check(lua_State *L, int index) {
    struct client *client = client_any(L, index);
    if (client->profile == NULL) luaL_error(L, "the client is closed");
    return client;
}

const char *client_secret_names(lua_State *L, int index) {
    compat_getuservalue(L, index);
    lua_rawgeti(L, -1, SLOT_SECRET_NAMES);
    const char *names = lua_tostring(L, -1);
    lua_pop(L, 2); /* the client's Lua value holds the string */
    return names;
}

/* Stack: [...] -> [..., transfer]. The client is looked at again, since a
 * finalizer that ran meanwhile may have closed it. */
static struct transfer *push_transfer(lua_State *L, int index) {
    struct client *client = client_check(L, index);
    struct transfer *transfer = transfer_push(L, client->max_response_bytes);
    client = client_check(L, index);
    transfer_equip(L, transfer, client->profile, client->url);
    return transfer;
}

/* Stack: [..., client's Lua value] -> [..., value, transfer], or NULL and
 * [..., value, anything]. The slot is empty then. */
static struct transfer *take_slot(lua_State *L, int slot) {
    lua_rawgeti(L, -1, slot);
    lua_pushnil(L);
    lua_rawseti(L, -3, slot);
    return compat_testudata(L, -1, TRANSFER_TYPE);
}

struct transfer *client_take_spare(lua_State *L, int index,
                                   struct client *client) {
    struct transfer *transfer = NULL;
    compat_getuservalue(L, index);
    while (client->spares > 0 && transfer == NULL) {
        transfer = take_slot(L, SLOT_SPARES + --client->spares);
        if (transfer != NULL && transfer->owner == getpid()) break;
        transfer = NULL;
        lua_pop(L, 1);
    }
    if (transfer == NULL) transfer = push_transfer(L, index);
    lua_remove(L, -2);
    return transfer;
}

void client_keep_spare(lua_State *L, int index, int transfer_index) {
    struct client *client = client_any(L, index);
    if (client->profile == NULL || client->spares == SPARES_MAX) {
        struct transfer *transfer =
            compat_testudata(L, transfer_index, TRANSFER_TYPE);
        if (transfer != NULL) transfer_release(transfer);
        return;
    }
    transfer_index = compat_absindex(L, transfer_index);
    compat_getuservalue(L, index);
    lua_pushvalue(L, transfer_index);
    lua_rawseti(L, -2, SLOT_SPARES + client->spares++);
    lua_pop(L, 1);
}

/* Stack: [client's Lua value] -> same. */
static void release_slot(lua_State *L, int slot) {
    lua_rawgeti(L, -1, slot);
    struct transfer *transfer = compat_testudata(L, -1, TRANSFER_TYPE);
    if (transfer != NULL) transfer_release(transfer);
    lua_pop(L, 1);
}

/* Frees everything; may be called twice; never raises. */
static void release(lua_State *L, struct client *client) {
    CURL *profile = client->profile;
    CURLU *url = client->url;
    char *base_path = client->base_path;
    client->profile = NULL;
    client->url = NULL;
    client->base_path = NULL;
    curl_easy_cleanup(profile);
    curl_url_cleanup(url);
    curl_free(base_path);
    compat_getuservalue(L, 1);
    if (lua_type(L, -1) == LUA_TTABLE) {
        while (client->spares > 0) {
            release_slot(L, SLOT_SPARES + --client->spares);
        }
    }
    lua_pop(L, 1);
}

static bool is_loopback(const char *host) {
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 &&
            host[strspn(host, "0123456789.")] == '\0');
}

static const char *scheme_problem(const char *scheme, const char *host) {
    if (strcmp(scheme, "https") == 0) return NULL;
    if (strcmp(scheme, "http") != 0) {
        return "base_url must be an https URL";
    }
    if (is_loopback(host)) return NULL;
    return "base_url is plain http: the token would be readable on the way; "
           "use https (http is for loopback only)";
}

static bool has_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    bool found = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return found;
}

static const char *part_problem(CURLU *url) {
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
        return "base_url must not hold a user or password";
    }
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT)) {
        return "base_url must have no query and no fragment";
    }
    return NULL;
}

/* Empty text where the URL lacks the part; NULL when out of memory. */
static char *get_part(CURLU *url, CURLUPart part, char **held) {
    static char nothing[] = "";
    CURLUcode result = curl_url_get(url, part, held, 0);
    if (result == CURLUE_OUT_OF_MEMORY) return NULL;
    return result == CURLUE_OK ? *held : nothing;
}

/* The scheme as static text, or NULL with the failure noted. */
static const char *check_scheme(CURLU *url, struct failure *failure) {
    char *held_scheme = NULL, *held_host = NULL;
    const char *scheme = get_part(url, CURLUPART_SCHEME, &held_scheme);
    const char *host = get_part(url, CURLUPART_HOST, &held_host);
    const char *result = NULL, *problem;
    if (scheme == NULL || host == NULL) {
        failure_out_of_memory(failure);
    } else if ((problem = scheme_problem(scheme, host)) != NULL) {
        failure_set(failure, "setup", "invalid_base_url", "%s", problem);
    } else {
        result = strcmp(scheme, "http") == 0 ? "http" : "https";
    }
    curl_free(held_scheme);
    curl_free(held_host);
    return result;
}

static const char *parse_base_url(struct client *client, const char *text,
                                  struct failure *failure) {
    client->url = curl_url();
    if (client->url == NULL) {
        failure_out_of_memory(failure);
        return NULL;
    }
    if (curl_url_set(client->url, CURLUPART_URL, text,
                     CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
        failure_set(failure, "setup", "invalid_base_url",
                    "base_url is not an absolute URL, as "
                    "https://api.truto.one");
        return NULL;
    }
    const char *problem = part_problem(client->url);
    if (problem != NULL) {
        failure_set(failure, "setup", "invalid_base_url", "%s", problem);
        return NULL;
    }
    if (curl_url_get(client->url, CURLUPART_PATH, &client->base_path, 0)) {
        failure_out_of_memory(failure);
        return NULL;
    }
    return check_scheme(client->url, failure);
}

/* Pushes nothing; the string stays in the settings table. */
static const char *text_field(lua_State *L, const char *name) {
    lua_pushstring(L, name);
    lua_rawget(L, 1);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING) {
        luaL_error(L, "settings.%s must be a string", name);
    }
    size_t length = 0;
    const char *text = lua_tolstring(L, -1, &length);
    if (text != NULL && strlen(text) != length) {
        luaL_error(L, "settings.%s has a NUL byte", name);
    }
    lua_pop(L, 1);
    return text;
}

static size_t max_response_bytes(lua_State *L) {
    lua_pushliteral(L, "max_response_bytes");
    lua_rawget(L, 1);
    lua_Number bytes = lua_isnil(L, -1) ? 1048576 : lua_tonumber(L, -1);
    if (!(bytes >= 1 && bytes <= MAX_RESPONSE_CEILING)) {
        luaL_error(L, "settings.max_response_bytes must be 1 to 1 GiB");
    }
    lua_pop(L, 1);
    return (size_t)bytes;
}

/* Stack: [settings, client] -> same; settings.secret_names, a list, becomes
 * one string: each name with a NUL behind it. */
static void keep_secret_names(lua_State *L) {
    luaL_Buffer names;
    int list;
    compat_getuservalue(L, 2);
    lua_pushliteral(L, "secret_names");
    lua_rawget(L, 1);
    list = lua_gettop(L);
    luaL_buffinit(L, &names);
    for (int i = 1; lua_type(L, list) == LUA_TTABLE; i++) {
        lua_rawgeti(L, list, i);
        if (lua_type(L, -1) != LUA_TSTRING) {
            lua_pop(L, 1);
            break;
        }
        luaL_addvalue(&names);
        luaL_addchar(&names, '\0');
    }
    luaL_pushresult(&names);
    lua_rawseti(L, -3, SLOT_SECRET_NAMES);
    lua_pop(L, 2);
}

/* Stack: [settings] -> [settings, client], with nothing held yet. */
static struct client *push_client(lua_State *L) {
    struct client *client = lua_newuserdata(L, sizeof *client);
    memset(client, 0, sizeof *client);
    lua_createtable(L, SLOT_SPARES, 0); /* so that keeping one cannot fail */
    compat_setuservalue(L, -2);
    luaL_getmetatable(L, CLIENT_TYPE);
    lua_setmetatable(L, -2);
    return client;
}

/*
 * core.client.new(settings) -> client, or nil, err. Settings: base_url,
 * ca_file, client_cert, client_key, proxy, no_proxy, user_agent (strings),
 * max_response_bytes, secret_names (a list). Raises for wrong types.
 */
static int client_new(lua_State *L) {
    struct failure failure;
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct client *client = push_client(L);
    const char *base_url = text_field(L, "base_url");
    if (base_url == NULL) return luaL_error(L, "settings.base_url is missing");
    failure_clear(&failure);
    struct transfer_settings settings = {NULL,
                                         text_field(L, "ca_file"),
                                         text_field(L, "client_cert"),
                                         text_field(L, "client_key"),
                                         text_field(L, "proxy"),
                                         text_field(L, "no_proxy"),
                                         text_field(L, "user_agent")};
    client->max_response_bytes = max_response_bytes(L);
    keep_secret_names(L);
    settings.scheme = parse_base_url(client, base_url, &failure);
    if (settings.scheme != NULL) {
        if (strcmp(settings.scheme, "http") == 0) settings.proxy = NULL;
        client->profile = transfer_profile(&settings, &failure);
    }
    if (client->profile != NULL) return 1;
    lua_pushnil(L);
    failure_push(L, &failure);
    return 2;
}

/* core.client.close(client): also __gc and __close. */
static int client_close(lua_State *L) {
    release(L, client_any(L, 1));
    return 0;
}

static int client_tostring(lua_State *L) {
    const struct client *client = client_any(L, 1);
    lua_pushstring(L, client->profile ? CLIENT_TYPE : CLIENT_TYPE " (closed)");
    return 1;
}

void client_open(lua_State *L) {
    static const luaL_Reg functions[] = {
        {"new", client_new}, {"close", client_close}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {{"__gc", client_close},
                                           {"__close", client_close},
                                           {"__tostring", client_tostring},
                                           {NULL, NULL}};
    compat_newmetatable(L, CLIENT_TYPE, metamethods);
    lua_pop(L, 1);
    lua_newtable(L);
    compat_setfuncs(L, functions);
}
