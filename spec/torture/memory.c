#include "memory.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "../../csrc/system.h"

/* libcurl resolves names in a thread of its own, hence atomic. */
static struct {
    _Atomic int source; /* MEMORY_SOURCES: none is armed */
    _Atomic int paused;
    atomic_long first, last, asked;
    atomic_long live[MEMORY_SOURCES];
} memory = {MEMORY_SOURCES, 0, 0, 0, 0, {0, 0, 0}};

void memory_arm(enum memory_source source, long first, long last) {
    memory.first = first;
    memory.last = last;
    memory.asked = 0;
    memory.source = (int)source;
}

void memory_disarm(void) {
    memory.source = MEMORY_SOURCES;
}

void memory_pause(void) {
    memory.paused++;
}

void memory_resume(void) {
    memory.paused--;
}

long memory_asked(void) {
    return memory.asked;
}

long memory_live(enum memory_source source) {
    return memory.live[source];
}

static bool fails(enum memory_source source) {
    if (memory.source != (int)source || memory.paused > 0) return false;
    long number = atomic_fetch_add(&memory.asked, 1) + 1;
    return number >= memory.first && number <= memory.last;
}

static void *count(enum memory_source source, void *block) {
    if (block != NULL) memory.live[source]++;
    return block;
}

static void *curl_malloc(size_t size) {
    return fails(MEMORY_CURL) ? NULL : count(MEMORY_CURL, malloc(size));
}

static void *curl_calloc(size_t members, size_t size) {
    return fails(MEMORY_CURL) ? NULL
                              : count(MEMORY_CURL, calloc(members, size));
}

static void *curl_realloc(void *block, size_t size) {
    if (block == NULL) return curl_malloc(size);
    return fails(MEMORY_CURL) ? NULL : realloc(block, size);
}

static char *curl_strdup(const char *text) {
    return fails(MEMORY_CURL) ? NULL : count(MEMORY_CURL, strdup(text));
}

static void curl_release(void *block) {
    if (block != NULL) memory.live[MEMORY_CURL]--;
    free(block);
}

bool memory_start_curl(void) {
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, curl_release,
                                curl_realloc, curl_strdup,
                                curl_calloc) == CURLE_OK;
}

void *__wrap_system_allocate(size_t size);
void __wrap_system_free_wiped(void *block, size_t used);
void __real_system_free_wiped(void *block, size_t used);
bool __wrap_system_pin_module(void);

void *__wrap_system_allocate(size_t size) {
    return fails(MEMORY_OWN) ? NULL : count(MEMORY_OWN, malloc(size));
}

void __wrap_system_free_wiped(void *block, size_t used) {
    if (block != NULL) memory.live[MEMORY_OWN]--;
    __real_system_free_wiped(block, used);
}

/* Here the module is part of the program, which stays by itself. */
bool __wrap_system_pin_module(void) {
    return true;
}

static lua_Alloc plain; /* what luaL_newstate gave; LuaJIT has its own */

/* A block that shrinks always may: Lua before 5.4 relies on it. */
static void *lua_allocate(void *data, void *block, size_t old, size_t size) {
    bool grows = size > 0 && (block == NULL || size > old);
    if (grows && fails(MEMORY_LUA)) return NULL;
    return plain(data, block, old, size);
}

void memory_watch(lua_State *L) {
    void *data;
    plain = lua_getallocf(L, &data);
    lua_setallocf(L, lua_allocate, data);
}
