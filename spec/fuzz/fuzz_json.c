/*
 * A Lua value made from the input, written twice: the same bytes both times,
 * and a reader of its own kind, below, finds in them exactly that value.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../csrc/json.h"
#include "../../csrc/secret.h"
#include "fuzz.h"

#define DEEPEST 70

static void push_value(lua_State *L, struct fuzz_input *input, int depth);

static void push_double(lua_State *L, struct fuzz_input *input) {
    unsigned char bytes[sizeof(double)];
    double value;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = fuzz_byte(input);
    memcpy(&value, bytes, sizeof value);
    lua_pushnumber(L, value);
}

static void push_integer(lua_State *L, struct fuzz_input *input) {
    uint64_t value = 0;
    int size = fuzz_byte(input) % 9;
    for (int i = 0; i < size; i++) value = value << 8 | fuzz_byte(input);
    lua_pushinteger(L, (lua_Integer)value);
}

static void push_string(lua_State *L, struct fuzz_input *input) {
    size_t length;
    const char *bytes = fuzz_bytes(input, 2000, &length);
    lua_pushlstring(L, bytes, length);
}

/* Arrays, objects, and tables that are neither. */
static void push_table(lua_State *L, struct fuzz_input *input, int depth) {
    int members = fuzz_byte(input) % 8, kind = fuzz_byte(input) % 10;
    lua_newtable(L);
    for (int i = 1; i <= members; i++) {
        if (kind < 5) push_string(L, input);
        else if (kind < 9) lua_pushinteger(L, i);
        else push_integer(L, input);
        push_value(L, input, depth + 1);
        lua_rawset(L, -3);
    }
}

static void push_value(lua_State *L, struct fuzz_input *input, int depth) {
    luaL_checkstack(L, 8, "deep input");
    int kind = fuzz_byte(input) % 12;
    if (depth >= DEEPEST && kind >= 7) kind = 0;
    switch (kind) {
    case 0: lua_pushboolean(L, fuzz_byte(input) % 2); break;
    case 1: push_integer(L, input); break;
    case 2: push_double(L, input); break;
    case 3: lua_pushlightuserdata(L, NULL); break;
    case 4: json_push_empty_array(L); break;
    case 5:
    case 6: push_string(L, input); break;
    default: push_table(L, input, depth); break;
    }
}

/* The reader: it knows what has to come, since the value is on the stack. */
struct reader {
    const char *at;
    const char *end;
};

static void expect(struct reader *reader, const char *text) {
    size_t length = strlen(text);
    FUZZ_CHECK((size_t)(reader->end - reader->at) >= length);
    FUZZ_CHECK(memcmp(reader->at, text, length) == 0);
    reader->at += length;
}

static bool next_is(const struct reader *reader, char byte) {
    return reader->at < reader->end && *reader->at == byte;
}

static char read_escape(struct reader *reader) {
    static const char names[] = "bfnrt\"\\", bytes[] = "\b\f\n\r\t\"\\";
    FUZZ_CHECK(reader->end - reader->at >= 2);
    char name = reader->at[1];
    reader->at += 2;
    if (name != 'u') {
        const char *found = strchr(names, name);
        FUZZ_CHECK(found != NULL && *found != '\0');
        return bytes[found - names];
    }
    char digits[5] = "";
    FUZZ_CHECK(reader->end - reader->at >= 4);
    memcpy(digits, reader->at, 4);
    FUZZ_CHECK(strspn(digits, "0123456789abcdef") == 4);
    reader->at += 4;
    long code = strtol(digits, NULL, 16);
    FUZZ_CHECK(code < 0x20); /* nothing else needs this form */
    return (char)code;
}

/* Stack: [...] -> [..., string]. */
static void read_string(lua_State *L, struct reader *reader) {
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    expect(reader, "\"");
    while (!next_is(reader, '"')) {
        FUZZ_CHECK(reader->at < reader->end);
        FUZZ_CHECK((unsigned char)*reader->at >= 0x20);
        char byte = next_is(reader, '\\') ? read_escape(reader) : *reader->at++;
        luaL_addchar(&text, byte);
    }
    expect(reader, "\"");
    luaL_pushresult(&text);
}

/* Stack: [..., number] -> same. */
static void match_number(lua_State *L, struct reader *reader) {
    char text[64], *rest;
    size_t length = 0;
    while (reader->at < reader->end && length < sizeof text - 1 &&
           strchr("+-.0123456789eE", *reader->at) != NULL) {
        text[length++] = *reader->at++;
    }
    text[length] = '\0';
    FUZZ_CHECK(length > 0);
    if (lua_isinteger(L, -1)) {
        FUZZ_CHECK(strtoll(text, &rest, 10) == lua_tointeger(L, -1));
    } else {
        double value = strtod(text, &rest), wanted = lua_tonumber(L, -1);
        FUZZ_CHECK(memcmp(&value, &wanted, sizeof value) == 0);
    }
    FUZZ_CHECK(*rest == '\0');
}

static void match_value(lua_State *L, struct reader *reader);

/* Stack: [..., table] -> same. */
static size_t count_members(lua_State *L) {
    size_t count = 0;
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        count++;
        lua_pop(L, 1);
    }
    return count;
}

/* Stack: [..., table] -> same. Keys come in the order of their bytes. */
static void match_object(lua_State *L, struct reader *reader, size_t members) {
    expect(reader, "{");
    lua_pushliteral(L, "");
    for (size_t i = 0; i < members; i++) {
        if (i > 0) expect(reader, ",");
        read_string(L, reader); /* [table, key before, key] */
        size_t before_length, length;
        const char *before = lua_tolstring(L, -2, &before_length);
        const char *key = lua_tolstring(L, -1, &length);
        size_t both = length < before_length ? length : before_length;
        int order = memcmp(before, key, both);
        FUZZ_CHECK(i == 0 || order < 0 ||
                   (order == 0 && before_length < length));
        lua_remove(L, -2);
        expect(reader, ":");
        lua_pushvalue(L, -1);
        lua_rawget(L, -3); /* [table, key, value] */
        match_value(L, reader);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    expect(reader, "}");
}

/* Stack: [..., table] -> same. */
static void match_array(lua_State *L, struct reader *reader, size_t members) {
    expect(reader, "[");
    for (size_t i = 1; i <= members; i++) {
        if (i > 1) expect(reader, ",");
        lua_rawgeti(L, -1, (int)i);
        match_value(L, reader);
        lua_pop(L, 1);
    }
    expect(reader, "]");
}

/* Stack: [..., value] -> same. */
static void match_value(lua_State *L, struct reader *reader) {
    luaL_checkstack(L, 8, "deep value");
    switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
        expect(reader, lua_toboolean(L, -1) ? "true" : "false");
        break;
    case LUA_TNUMBER: match_number(L, reader); break;
    case LUA_TSTRING:
        read_string(L, reader);
        FUZZ_CHECK(lua_rawequal(L, -1, -2));
        lua_pop(L, 1);
        break;
    case LUA_TTABLE: {
        size_t members = count_members(L);
        if (next_is(reader, '[')) match_array(L, reader, members);
        else match_object(L, reader, members);
        break;
    }
    case LUA_TLIGHTUSERDATA:
        expect(reader, lua_touserdata(L, -1) == NULL ? "null" : "[]");
        break;
    default: FUZZ_CHECK(!"a value that JSON does not have");
    }
}

static const char *const refusals[] = {
    "invalid_utf8", "invalid_number", "invalid_key", "mixed_table",
    "sparse_array", "too_deep",       "too_large",
};

static void check_refusal(const struct failure *failure) {
    bool known = false;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        known = known || strcmp(refusals[i], failure->code) == 0;
    }
    FUZZ_CHECK(known && failure->path[0] != '\0');
    for (const char *at = failure->path; *at != '\0'; at++) {
        FUZZ_CHECK(*at > 0x20 && *at < 0x7f);
    }
}

struct written {
    struct buffer output, keys;
    struct mask secrets;
    struct failure failure;
    bool done;
};

static void push_names(lua_State *L) {
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, JSON_NAME_SECRET);
    lua_setfield(L, -2, "secret");
    lua_pushinteger(L, JSON_NAME_PLAIN);
    lua_setfield(L, -2, "plain");
}

/* Stack: [..., value] -> same. */
static void write_once(lua_State *L, struct written *written) {
    int top = lua_gettop(L);
    struct json_writer writer = {.output = &written->output,
                                 .keys = &written->keys,
                                 .secrets = &written->secrets,
                                 .names = top + 1,
                                 .failure = &written->failure};
    push_names(L);
    buffer_init(&written->output, 1 << 20);
    buffer_init(&written->keys, 1 << 20);
    mask_init(&written->secrets, 1 << 20);
    failure_clear(&written->failure);
    written->done = json_write(L, top, &writer);
    lua_pop(L, 1);
    FUZZ_CHECK(lua_gettop(L) == top);
    FUZZ_CHECK(written->done != failure_is_set(&written->failure));
}

static void free_written(struct written *written) {
    buffer_free(&written->output);
    buffer_free(&written->keys);
    mask_free(&written->secrets);
}

static int run(lua_State *L) {
    struct fuzz_input *input = lua_touserdata(L, 1);
    struct written first, second;
    push_value(L, input, 0);
    write_once(L, &first);
    write_once(L, &second);
    FUZZ_CHECK(first.done == second.done);
    if (first.done) {
        const struct buffer *output = &first.output;
        struct reader reader = {output->data, output->data + output->length};
        FUZZ_CHECK(output->length == second.output.length);
        FUZZ_CHECK(memcmp(output->data, second.output.data, output->length) ==
                   0);
        match_value(L, &reader);
        FUZZ_CHECK(reader.at == reader.end);
    } else {
        check_refusal(&first.failure);
    }
    free_written(&first);
    free_written(&second);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size};
    fuzz_call(fuzz_state(), run, &input);
    return 0;
}
