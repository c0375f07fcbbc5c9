#include "client.h"

#include <string.h>
#include <unistd.h>

#include "authorities.h"
#include "client_key.h"
#include "endpoint.h"

#define MAX_RESPONSE_CEILING 1073741824.0 /* 1 GiB */

/* Positions in the client's Lua value; spares stand there from the last on. */
enum {
    SLOT_NAMES = 1,
    SLOT_KEY_FILE, /* nil: no client certificate */
    SLOT_CA_FILE,  /* nil: the system's store */
    SLOT_SPARES
};

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

void client_push_names(lua_State *L, int index) {
    compat_getuservalue(L, index);
    lua_rawgeti(L, -1, SLOT_NAMES);
    lua_remove(L, -2);
}

/* Stack: [...] -> [..., transfer]. The client is looked at again, since a
 * finalizer that ran meanwhile may have closed it. */
static struct transfer *push_transfer(lua_State *L, int index) {
    struct client *client = client_check(L, index);
    struct transfer *transfer = transfer_push(L, client->max_response_bytes);
    client = client_check(L, index);
    transfer_equip(L, transfer, client->profile, &client->traits, client->url);
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
    if (!client->traits.bundle_is_left) transfer_add_bundle(transfer);
    lua_remove(L, -2);
    return transfer;
}

/* A transfer that came to send with the system's bundle needed it: the next
 * ones begin with it. */
static void learn(struct client *client, const struct transfer *transfer) {
    if (!client->traits.bundle_is_left || transfer->traits.bundle_is_left ||
        transfer->sends == 0) {
        return;
    }
    client->traits.bundle_is_left =
        authorities_add_bundle(client->profile) != CURLE_OK;
}

void client_keep_spare(lua_State *L, int index, int transfer_index) {
    struct client *client = client_any(L, index);
    if (client->profile == NULL || client->spares == SPARES_MAX) {
        struct transfer *transfer =
            compat_testudata(L, transfer_index, TRANSFER_TYPE);
        if (transfer != NULL) transfer_release(transfer);
        if (client->profile == NULL) caller_close(&client->caller);
        return;
    }
    transfer_index = compat_absindex(L, transfer_index);
    learn(client, compat_testudata(L, transfer_index, TRANSFER_TYPE));
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
    caller_close(&client->caller);
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

static const char *parse_base_url(struct client *client, const char *text,
                                  struct failure *failure) {
    client->url = curl_url();
    if (client->url == NULL) {
        failure_out_of_memory(failure);
        return NULL;
    }
    const char *scheme = endpoint_parse(client->url, text, failure);
    if (scheme != NULL && curl_url_get(client->url, CURLUPART_PATH,
                                       &client->base_path, 0) != CURLUE_OK) {
        failure_out_of_memory(failure);
        return NULL;
    }
    return scheme;
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

/* Stack: [..., names] -> same, with those of a list in the settings. */
static void add_names(lua_State *L, const char *setting, int bit) {
    lua_pushstring(L, setting);
    lua_rawget(L, 1);
    for (int i = 1; lua_type(L, -1) == LUA_TTABLE; i++) {
        lua_rawgeti(L, -1, i);
        if (lua_type(L, -1) != LUA_TSTRING) {
            lua_pop(L, 1);
            break;
        }
        lua_pushvalue(L, -1);
        lua_rawget(L, -4);
        int bits = (int)lua_tointeger(L, -1) | bit;
        lua_pop(L, 1);
        lua_pushinteger(L, bits);
        lua_rawset(L, -4);
    }
    lua_pop(L, 1);
}

/* Stack: [settings, client] -> same. */
static void keep_names(lua_State *L) {
    compat_getuservalue(L, 2);
    lua_newtable(L);
    add_names(L, "secret_names", JSON_NAME_SECRET);
    add_names(L, "plain_names", JSON_NAME_PLAIN);
    lua_rawseti(L, -2, SLOT_NAMES);
    lua_pop(L, 1);
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

/* Stack: [settings, client] -> same. */
static void keep_text(lua_State *L, const char *text, int slot) {
    compat_getuservalue(L, 2);
    lua_pushstring(L, text);
    lua_rawseti(L, -2, slot);
    lua_pop(L, 1);
}

/* Stack: [settings, client] -> same. Without client_key the key stands in the
 * certificate's file. False when it is encrypted and no pass phrase comes: a
 * TLS library would ask for it on the terminal. */
static bool check_key(lua_State *L, struct client *client,
                      const struct transfer_settings *settings,
                      struct failure *failure) {
    const char *file = settings->client_key;
    if (settings->client_cert == NULL) return true;
    if (file == NULL) file = settings->client_cert;
    lua_getfield(L, 1, "has_client_key_password");
    client->has_key_password = lua_toboolean(L, -1) != 0;
    lua_pop(L, 1);
    keep_text(L, file, SLOT_KEY_FILE);
    return client->has_key_password || !client_key_is_encrypted(file) ||
           client_key_refuse(file, false, failure);
}

/* Stack: [...] -> [..., string], or NULL and [..., nil]. */
static const char *push_slot(lua_State *L, int index, int slot) {
    compat_getuservalue(L, index);
    lua_rawgeti(L, -1, slot);
    lua_remove(L, -2);
    return lua_tostring(L, -1);
}

void client_explain(lua_State *L, int index, struct failure *failure) {
    const struct client *client = client_any(L, index);
    const char *key_file = push_slot(L, index, SLOT_KEY_FILE);
    const char *ca_file = push_slot(L, index, SLOT_CA_FILE);
    if (strcmp(failure->code, "client_cert_unusable") == 0) {
        if (key_file != NULL && client_key_is_encrypted(key_file)) {
            client_key_refuse(key_file, client->has_key_password, failure);
        }
    } else if (strcmp(failure->code, "ca_unusable") == 0 && ca_file != NULL) {
        failure_set(failure, "setup", "ca_unusable",
                    "the trusted certificates cannot be used: check ca_file %s",
                    ca_file);
    }
    lua_pop(L, 2);
}

/*
 * core.client.new(settings) -> client, or nil, err. Settings: base_url,
 * ca_file, client_cert, client_key, proxy, no_proxy, user_agent (strings),
 * has_client_key_password (boolean), max_response_bytes, secret_names and
 * plain_names (lists: JSON_NAME_SECRET, _PLAIN). Raises for wrong types.
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
    keep_names(L);
    keep_text(L, settings.ca_file, SLOT_CA_FILE);
    settings.scheme = parse_base_url(client, base_url, &failure);
    if (settings.scheme != NULL) {
        if (strcmp(settings.scheme, "http") == 0) settings.proxy = NULL;
        if (endpoint_check_proxy(settings.proxy, &failure) &&
            check_key(L, client, &settings, &failure)) {
            client->profile =
                transfer_profile(&settings, &client->traits, &failure);
        }
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
