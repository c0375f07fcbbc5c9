/*
 * One API over Lua 5.1, LuaJIT, 5.2, 5.3 and 5.4: only what the other files
 * need, under a prefix of its own, so that no name of Lua is shadowed.
 */
#ifndef TRUTO_COMPAT_H
#define TRUTO_COMPAT_H

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 502
#define compat_absindex(L, index)                                              \
    ((index) > 0 || (index) <= LUA_REGISTRYINDEX                               \
         ? (index)                                                             \
         : lua_gettop(L) + (index) + 1)
#define compat_setfuncs(L, functions) luaL_register(L, NULL, functions)
#else
#define compat_absindex lua_absindex
#define compat_setfuncs(L, functions) luaL_setfuncs(L, functions, 0)
#endif

/* The one Lua value tied to a userdata; always a table, as 5.1 wants it. */
#if LUA_VERSION_NUM < 502
#define compat_getuservalue lua_getfenv
#define compat_setuservalue lua_setfenv
#elif LUA_VERSION_NUM < 504
#define compat_getuservalue lua_getuservalue
#define compat_setuservalue lua_setuservalue
#else
#define compat_getuservalue(L, index) lua_getiuservalue(L, index, 1)
#define compat_setuservalue(L, index) lua_setiuservalue(L, index, 1)
#endif

/* NULL unless the value is a full userdata with that metatable. */
static inline void *compat_testudata(lua_State *L, int index,
                                     const char *type) {
    void *userdata = lua_touserdata(L, index);
    if (userdata == NULL || !lua_getmetatable(L, index)) return NULL;
    luaL_getmetatable(L, type);
    if (!lua_rawequal(L, -1, -2)) userdata = NULL;
    lua_pop(L, 2);
    return userdata;
}

/* Pushes the locked metatable of a type of userdata. It is filled whether it
 * was there or not: memory may have run out between making and filling it. */
static inline void compat_newmetatable(lua_State *L, const char *type,
                                       const luaL_Reg *metamethods) {
    (void)luaL_newmetatable(L, type);
    compat_setfuncs(L, metamethods);
    lua_pushstring(L, type);
    lua_setfield(L, -2, "__metatable");
}

#endif
