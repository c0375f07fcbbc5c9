/*
 * Three sources of memory that can be made to fail: Lua's allocator,
 * libcurl's, and truto's own (system_allocate, which the linker hands over
 * with --wrap, so that the shipped module holds nothing of this).
 */
#ifndef TORTURE_MEMORY_H
#define TORTURE_MEMORY_H

#include <stdbool.h>

#include <lua.h>

enum memory_source { MEMORY_LUA, MEMORY_CURL, MEMORY_OWN, MEMORY_SOURCES };

/* libcurl's global init, with allocators that can fail. */
bool memory_start_curl(void);

/* The state's allocator from now on. */
void memory_watch(lua_State *L);

/* From now on the source's allocations are counted, and those numbered
 * `first` to `last` fail. */
void memory_arm(enum memory_source source, long first, long last);
void memory_disarm(void);

/* Between the two, allocations are neither counted nor failed. */
void memory_pause(void);
void memory_resume(void);

/* How many were asked for since memory_arm. */
long memory_asked(void);

/* Blocks of libcurl and of truto that were not freed. */
long memory_live(enum memory_source source);

#endif
