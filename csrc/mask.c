#include "mask.h"

#include <string.h>

/* Moves *cursor behind the next secret that is long enough; NULL: no more. */
static const char *next_secret(const struct buffer *secrets, size_t *cursor,
                               size_t *length) {
    while (*cursor < secrets->length) {
        memcpy(length, secrets->data + *cursor, sizeof *length);
        const char *bytes = secrets->data + *cursor + sizeof *length;
        *cursor += sizeof *length + *length;
        if (*length >= MASK_MIN_LENGTH) return bytes;
    }
    return NULL;
}

/* The length of the longest secret that stands at `text`, or 0. */
static size_t secret_at(const char *text, size_t left,
                        const struct buffer *secrets) {
    size_t cursor = 0, length, longest = 0;
    const char *secret;
    while ((secret = next_secret(secrets, &cursor, &length)) != NULL) {
        if (length <= left && length > longest &&
            memcmp(text, secret, length) == 0) {
            longest = length;
        }
    }
    return longest;
}

bool mask_finds(const char *text, size_t length, const struct buffer *secrets) {
    size_t cursor = 0, secret_length;
    const char *secret;
    while ((secret = next_secret(secrets, &cursor, &secret_length)) != NULL) {
        if (secret_length <= length &&
            memmem(text, length, secret, secret_length) != NULL) {
            return true;
        }
    }
    return false;
}

void mask_push(lua_State *L, const char *text, size_t length,
               const struct buffer *secrets) {
    if (!mask_finds(text, length, secrets)) {
        lua_pushlstring(L, text, length);
        return;
    }
    luaL_Buffer masked;
    luaL_buffinit(L, &masked);
    for (size_t i = 0; i < length;) {
        size_t found = secret_at(text + i, length - i, secrets);
        if (found > 0) luaL_addstring(&masked, MASK_TEXT);
        else luaL_addchar(&masked, text[i]);
        i += found > 0 ? found : 1;
    }
    luaL_pushresult(&masked);
}

/* Stack: [copy, table, key, value] -> [copy, table, key]. */
static void copy_member(lua_State *L, const struct buffer *secrets) {
    mask_value(L, secrets);
    lua_pushvalue(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING) mask_value(L, secrets);
    lua_insert(L, -2);
    lua_rawset(L, -5);
}

/* Stack: [value] -> [masked value]; tables are copied, since keys change. */
void mask_value(lua_State *L, const struct buffer *secrets) {
    if (lua_type(L, -1) == LUA_TSTRING) {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        mask_push(L, text, length, secrets);
        lua_remove(L, -2);
    } else if (lua_type(L, -1) == LUA_TTABLE) {
        luaL_checkstack(L, 8, "nested answer");
        lua_newtable(L);
        lua_insert(L, -2); /* [copy, table] */
        lua_pushnil(L);
        while (lua_next(L, -2)) copy_member(L, secrets);
        lua_pop(L, 1);
    }
}
