#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void failure_clear(struct failure *failure) {
    memset(failure, 0, sizeof *failure);
}

bool failure_is_set(const struct failure *failure) {
    return failure->kind != NULL;
}

static void make_printable(char *text) {
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f) *text = '?';
    }
}

bool failure_set(struct failure *failure, const char *kind, const char *code,
                 const char *format, ...) {
    failure->kind = kind;
    failure->code = code;
    failure->outcome = "not_sent";
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(failure->message, sizeof failure->message, format,
                    arguments);
    va_end(arguments);
    make_printable(failure->message);
    return false;
}

bool failure_out_of_memory(struct failure *failure) {
    return failure_set(failure, "setup", "out_of_memory",
                       "not enough memory for the request");
}

static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

/* Stack: [error] -> [error], with error.issues set. */
static void push_issue(lua_State *L, const struct failure *failure) {
    lua_createtable(L, 1, 0);
    lua_createtable(L, 0, 3);
    set_text(L, "path", failure->path);
    set_text(L, "code", failure->code);
    set_text(L, "message", failure->message);
    lua_rawseti(L, -2, 1);
    lua_setfield(L, -2, "issues");
}

void failure_push(lua_State *L, const struct failure *failure) {
    lua_createtable(L, 0, 12);
    set_text(L, "kind", failure->kind);
    set_text(L, "code", failure->code);
    set_text(L, "outcome", failure->outcome);
    if (failure->path[0] != '\0') {
        push_issue(L, failure);
        lua_pushfstring(L, "%s: %s", failure->path, failure->message);
    } else {
        lua_pushstring(L, failure->message);
    }
    lua_setfield(L, -2, "message");
}
