/* For specs only: a Lua interpreter that is linked with the sanitizers, so
 * that neither it nor the programs it starts need them preloaded.
 * host [-e code | script [arguments]] */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

static void set_arguments(lua_State *L, int count, char **values, int script) {
    lua_newtable(L);
    for (int i = 0; i < count; i++) {
        lua_pushstring(L, values[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

static int load(lua_State *L, int count, char **values) {
    if (count > 2 && strcmp(values[1], "-e") == 0) {
        set_arguments(L, count, values, 0);
        return luaL_loadstring(L, values[2]);
    }
    set_arguments(L, count, values, 1);
    return luaL_loadfile(L, count > 1 ? values[1] : NULL);
}

static lua_State *running;

static void raise_interrupt(lua_State *L, lua_Debug *activation) {
    (void)activation;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

/* As the standalone interpreter does. */
static void interrupt(int number) {
    signal(number, SIG_DFL);
    lua_sethook(running, raise_interrupt,
                LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

int main(int count, char **values) {
    lua_State *L = luaL_newstate();
    if (L == NULL) return 1;
    luaL_openlibs(L);
    int arguments = 0;
    int status = load(L, count, values);
    for (int i = 2; status == 0 && i < count; i++) {
        lua_pushstring(L, values[i]);
        arguments++;
    }
    running = L;
    signal(SIGINT, interrupt);
    if (status == 0) status = lua_pcall(L, arguments, 0, 0);
    if (status != 0) {
        const char *message = lua_tostring(L, -1);
        fprintf(stderr, "%s\n", message ? message : "(no message)");
    }
    lua_close(L);
    return status != 0;
}
