#include <string.h>

#include "json.h"

/* The registry field that holds decode of the private lua-cjson. */
#define READER "truto.json.decode"

/* Stack: [value] -> [value], changed where it is a whole number. */
static void make_whole(lua_State *L, lua_Number value) {
#if LUA_VERSION_NUM >= 503
    if (value > -9007199254740992.0 && value < 9007199254740992.0 &&
        value == (lua_Number)(lua_Integer)value) {
        lua_pop(L, 1);
        lua_pushinteger(L, (lua_Integer)value);
    }
#else
    (void)L;
    (void)value;
#endif
}

/*
 * Stack: [table] -> [table]. Only fields that are there are assigned, which
 * lua_next allows. lua-cjson has limited the depth.
 */
static void tidy(lua_State *L) {
    luaL_checkstack(L, 6, "nested answer");
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool null_member = lua_type(L, -1) == LUA_TLIGHTUSERDATA &&
                           lua_type(L, -2) == LUA_TSTRING;
        if (lua_type(L, -1) == LUA_TTABLE) {
            tidy(L);
            lua_pop(L, 1);
            continue;
        }
        if (null_member) {
            lua_pop(L, 1);
            lua_pushnil(L);
        } else if (lua_type(L, -1) == LUA_TNUMBER) {
            make_whole(L, lua_tonumber(L, -1));
        } else {
            lua_pop(L, 1);
            continue;
        }
        lua_pushvalue(L, -2); /* [table, key, value, key] */
        lua_insert(L, -2);
        lua_rawset(L, -4); /* [table, key] */
    }
}

bool json_read(lua_State *L, const char *text, size_t length) {
    lua_getfield(L, LUA_REGISTRYINDEX, READER);
    lua_pushlstring(L, text, length);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM) lua_error(L);
    if (status != 0) {
        lua_pop(L, 1);
        return false;
    }
    if (lua_type(L, -1) == LUA_TTABLE) tidy(L);
    return true;
}

void json_open(lua_State *L) {
    int top = lua_gettop(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "cjson");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "new");
    lua_call(L, 0, 1); /* [cjson, instance] */
    lua_getfield(L, -1, "decode_max_depth");
    lua_pushinteger(L, JSON_MAX_DEPTH);
    lua_call(L, 1, 0);
    lua_getfield(L, -1, "decode_invalid_numbers");
    lua_pushboolean(L, 0);
    lua_call(L, 1, 0);
    lua_getfield(L, -1, "decode");
    lua_setfield(L, LUA_REGISTRYINDEX, READER);
    lua_settop(L, top);
}
