#include "routes.h"

#include <stddef.h>
#include <string.h>

/* A new route is a row here, and one in lua/truto/operations.lua. */
static const struct route routes[] = {
    {.name = "get",
     .method = "GET",
     .path = "/datastore/{id}",
     .safe = true,
     .idempotent = true,
     .fate = ""},
    {.name = "list",
     .method = "GET",
     .path = "/datastore",
     .takes_query = true,
     .safe = true,
     .idempotent = true,
     .fate = ""},
    {.name = "create",
     .method = "POST",
     .path = "/datastore",
     .takes_body = true,
     .fate = "; the datastore may have been created"},
    {.name = "update",
     .method = "PATCH",
     .path = "/datastore/{id}",
     .takes_body = true,
     .idempotent = true, /* it sets absolute values */
     .fate = "; the update may have been applied"},
    {.name = "delete",
     .method = "DELETE",
     .path = "/datastore/{id}",
     .idempotent = true,
     .answer_is_empty = true,
     .fate = "; the datastore may have been deleted"},
    {.name = "test",
     .method = "POST",
     .path = "/datastore/{id}/test/{method}",
     .takes_body = true,
     .body_is_optional = true,
     .fate = "; the test may have been made"},
};

#define ROUTES (sizeof routes / sizeof routes[0])

const struct route *routes_find(const char *name) {
    for (size_t i = 0; i < ROUTES; i++) {
        if (strcmp(routes[i].name, name) == 0) return &routes[i];
    }
    return NULL;
}

int routes_segments(const struct route *route) {
    int count = 0;
    for (const char *text = route->path; *text != '\0'; text++) {
        if (*text == '{') count++;
    }
    return count;
}

/* An index, since LuaJIT does not take every pointer as a light userdata. */
void routes_register(lua_State *L, lua_CFunction function) {
    for (size_t i = 0; i < ROUTES; i++) {
        lua_pushinteger(L, (lua_Integer)i);
        lua_pushcclosure(L, function, 1);
        lua_setfield(L, -2, routes[i].name);
    }
}

const struct route *routes_upvalue(lua_State *L) {
    return &routes[lua_tointeger(L, lua_upvalueindex(1))];
}

static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool flag) {
    lua_pushboolean(L, flag);
    lua_setfield(L, -2, key);
}

void routes_open(lua_State *L) {
    lua_createtable(L, 0, (int)ROUTES);
    for (size_t i = 0; i < ROUTES; i++) {
        lua_createtable(L, 0, 5);
        set_text(L, "method", routes[i].method);
        set_text(L, "path", routes[i].path);
        set_flag(L, "safe", routes[i].safe);
        set_flag(L, "idempotent", routes[i].idempotent);
        set_text(L, "fate", routes[i].fate);
        lua_setfield(L, -2, routes[i].name);
    }
}
