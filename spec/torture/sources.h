/*
 * What can be made to fail, one request after the other: three allocators,
 * the machine's own calls, and libcurl's answers. The linker hands the calls
 * of truto over with --wrap, so the shipped module holds nothing of this.
 */
#ifndef TORTURE_SOURCES_H
#define TORTURE_SOURCES_H

#include <stdbool.h>

#include <lua.h>

enum source {
    SOURCE_LUA,     /* Lua's allocator */
    SOURCE_CURL,    /* libcurl's allocator */
    SOURCE_OWN,     /* system_allocate */
    SOURCE_MACHINE, /* sockets, files, threads: calls.c lists them */
    SOURCE_OPTIONS, /* libcurl that does not know an option or a fact */
    SOURCES
};

/* libcurl's global init, with allocators that can fail. */
bool sources_start_curl(void);

/* The state's allocator from now on. */
void sources_watch(lua_State *L);

/* From now on what is asked of the source is counted, and the requests
 * numbered `first` to `last` fail. */
void sources_arm(enum source source, long first, long last);
void sources_disarm(void);

/* Between the two, nothing is counted or failed. */
void sources_pause(void);
void sources_resume(void);

/* How often the source was asked since sources_arm. */
long sources_asked(void);

/* Counts a request; whether it has to fail. */
bool source_fails(enum source source);

/* Blocks of an allocator, libcurl's or truto's, that were not freed. */
long sources_live(enum source source);

#endif
