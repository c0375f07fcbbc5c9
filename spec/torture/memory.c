/* The three allocators that can be made to fail. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "sources.h"

static atomic_long live[SOURCES];

long sources_live(enum source source) {
    return live[source];
}

static void *count(enum source source, void *block) {
    if (block != NULL) live[source]++;
    return block;
}

static void *curl_malloc(size_t size) {
    return source_fails(SOURCE_CURL) ? NULL : count(SOURCE_CURL, malloc(size));
}

static void *curl_calloc(size_t members, size_t size) {
    return source_fails(SOURCE_CURL)
               ? NULL
               : count(SOURCE_CURL, calloc(members, size));
}

static void *curl_realloc(void *block, size_t size) {
    if (block == NULL) return curl_malloc(size);
    return source_fails(SOURCE_CURL) ? NULL : realloc(block, size);
}

static char *curl_strdup(const char *text) {
    return source_fails(SOURCE_CURL) ? NULL : count(SOURCE_CURL, strdup(text));
}

static void curl_release(void *block) {
    if (block != NULL) live[SOURCE_CURL]--;
    free(block);
}

bool sources_start_curl(void) {
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_release,
                                curl_realloc, curl_strdup,
                                curl_calloc) == CURLE_OK;
}

void *__wrap_system_allocate(size_t size);
void *__real_system_allocate(size_t size);
void __wrap_system_free_wiped(void *block, size_t used);
void __real_system_free_wiped(void *block, size_t used);

void *__wrap_system_allocate(size_t size) {
    return source_fails(SOURCE_OWN)
               ? NULL
               : count(SOURCE_OWN, __real_system_allocate(size));
}

void __wrap_system_free_wiped(void *block, size_t used) {
    if (block != NULL) live[SOURCE_OWN]--;
    __real_system_free_wiped(block, used);
}

static lua_Alloc plain; /* what luaL_newstate gave; LuaJIT has its own */

/* A block that shrinks always may: Lua before 5.4 relies on it. */
static void *lua_allocate(void *data, void *block, size_t old, size_t size) {
    bool grows = size > 0 && (block == NULL || size > old);
    if (grows && source_fails(SOURCE_LUA)) return NULL;
    return plain(data, block, old, size);
}

void sources_watch(lua_State *L) {
    void *data;
    plain = lua_getallocf(L, &data);
    lua_setallocf(L, lua_allocate, data);
}
