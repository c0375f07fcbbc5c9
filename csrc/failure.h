/*
 * What went wrong, noted where no Lua call may be made (libcurl callbacks,
 * conversion with memory held) and turned into an error table afterwards.
 */
#ifndef TRUTO_FAILURE_H
#define TRUTO_FAILURE_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"

#pragma GCC visibility push(hidden)

struct failure {
    const char *kind; /* static text, as "validation"; NULL: none noted */
    const char *code;
    const char *outcome;
    char message[512];
    char path[256]; /* in the changes, as "config.port"; may be empty */
};

void failure_clear(struct failure *failure);
bool failure_is_set(const struct failure *failure);

/* Notes a failure with outcome "not_sent". The message is cut to fit; control
 * characters in it become '?'. Returns false, for `return failure_set(...)`. */
bool failure_set(struct failure *failure, const char *kind, const char *code,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

bool failure_out_of_memory(struct failure *failure);

/* Pushes the error table: kind, code, message, outcome, and for a failure
 * with a path, issues = {{path, code, message}}. */
void failure_push(lua_State *L, const struct failure *failure);

#pragma GCC visibility pop

#endif
