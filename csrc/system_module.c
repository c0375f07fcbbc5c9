/* core.system: time and chance for the Lua side, through the same seam. */
#include "system_module.h"

#include "system.h"

/* Longer waits are nobody's intention; also keeps the sums exact. */
#define MAX_SECONDS 86400.0

/* core.system.monotonic() -> seconds, from an arbitrary start */
static int monotonic(lua_State *L) {
    lua_pushnumber(L, system_monotonic());
    return 1;
}

/* core.system.wait(seconds) -> true, or false when Ctrl-C ended it */
static int wait_seconds(lua_State *L) {
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds >= 0 && seconds <= MAX_SECONDS, 1,
                  "0 to 86400 seconds expected");
    lua_pushboolean(L, system_wait(seconds));
    return 1;
}

/* core.system.random() -> a number in [0, 1), not the host's sequence */
static int random_number(lua_State *L) {
    lua_pushnumber(L, system_random());
    return 1;
}

void system_open(lua_State *L) {
    static const luaL_Reg functions[] = {{"monotonic", monotonic},
                                         {"random", random_number},
                                         {"wait", wait_seconds},
                                         {NULL, NULL}};
    lua_newtable(L);
    compat_setfuncs(L, functions);
}
