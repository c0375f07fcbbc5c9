#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "json_number.h"
#include "secret.h"
#include "utf8.h"

static char empty_array; /* its address is the value */

/* Where in the changes the writer stands, from the leaf to the root. */
struct place {
    const struct place *parent;
    const char *key; /* NULL: an array element */
    size_t key_length;
    size_t position;
    bool is_secret;       /* itself */
    bool has_secret_name; /* or something above it has */
};

/* A key of the table being written. The anchor, a table on the stack, has the
 * string at `index`: to make it anew could run the collector, and with it a
 * finalizer that changes the table being written. */
struct key {
    const char *bytes;
    size_t length;
    size_t index;
};
_Static_assert(sizeof(struct key) == JSON_KEY_SIZE, "for the callers' scratch");

static bool write_value(lua_State *L, struct json_writer *writer,
                        const struct place *place, int depth);

static void append_key(struct buffer *path, const struct place *place) {
    if (place->key == NULL) {
        char number[JSON_NUMBER_SIZE];
        json_format_integer(number, (long long)place->position);
        buffer_append_byte(path, '[');
        buffer_append_text(path, number);
        buffer_append_byte(path, ']');
        return;
    }
    if (path->length > 0) buffer_append_byte(path, '.');
    for (size_t i = 0; i < place->key_length && i < 64; i++) {
        unsigned char byte = (unsigned char)place->key[i];
        buffer_append_byte(path, byte > 0x20 && byte < 0x7f ? (char)byte : '?');
    }
}

/* Deep paths keep their end, where the culprit is. */
static void append_place(struct buffer *path, const struct place *place,
                         int levels) {
    if (place == NULL || place->parent == NULL) return;
    if (levels == 0) {
        buffer_append_text(path, "...");
        return;
    }
    append_place(path, place->parent, levels - 1);
    append_key(path, place);
}

static bool refuse(struct json_writer *writer, const struct place *place,
                   const char *code, const char *message) {
    struct failure *failure = writer->failure;
    struct buffer path;
    buffer_init(&path, sizeof failure->path - 1);
    failure_set(failure, "validation", code, "%s", message);
    append_place(&path, place, 4);
    if (path.length == 0) buffer_append_text(&path, "changes");
    if (path.length > 0) memcpy(failure->path, path.data, path.length);
    failure->path[path.length] = '\0';
    buffer_free(&path);
    return false;
}

/* Why an append failed: the ceiling, or memory. */
static bool refuse_append(struct json_writer *writer, const struct place *place,
                          const struct buffer *buffer) {
    if (buffer->status == BUFFER_NO_MEMORY) {
        return failure_out_of_memory(writer->failure);
    }
    return refuse(writer, place, "too_large",
                  "the request would be larger than 8 MiB or have a table "
                  "with too many keys");
}

static void write_escape(struct buffer *output, unsigned char byte) {
    static const char hex[] = "0123456789abcdef";
    static const char short_form[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (const char *pair = short_form; *pair != '\0'; pair += 2) {
        if ((unsigned char)*pair != byte) continue;
        buffer_append_byte(output, '\\');
        buffer_append_byte(output, pair[1]);
        return;
    }
    buffer_append_text(output, "\\u00");
    buffer_append_byte(output, hex[byte >> 4]);
    buffer_append_byte(output, hex[byte & 15]);
}

/* What a string cannot hold as it is: control characters, `"` and `\\`. */
static bool needs_escape(unsigned char byte) {
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/* The bytes that go out as they are; *valid is false when what
 * follows them is not UTF-8. */
static size_t plain_run(const unsigned char *bytes, size_t length,
                        bool *valid) {
    size_t i = 0;
    while (i < length) {
        if (bytes[i] < 0x80) {
            if (needs_escape(bytes[i])) break;
            i++;
            continue;
        }
        size_t size = utf8_sequence(bytes + i, length - i);
        *valid = size > 0;
        if (size == 0) break;
        i += size;
    }
    return i;
}

/* False for bytes that are not UTF-8. A full buffer shows in its status. */
static bool write_string(struct buffer *output, const char *text,
                         size_t length) {
    const unsigned char *bytes = (const unsigned char *)text;
    bool valid = true;
    buffer_append_byte(output, '"');
    for (size_t i = 0; i < length; i++) {
        size_t run = plain_run(bytes + i, length - i, &valid);
        if (!valid) return false;
        buffer_append(output, text + i, run);
        i += run;
        if (i < length) write_escape(output, bytes[i]);
    }
    buffer_append_byte(output, '"');
    return true;
}

/* Stack: [..., the member's key] -> same. */
static void note_name(lua_State *L, const struct json_writer *writer,
                      struct place *member) {
    int names = 0;
    if (writer->names != 0) {
        lua_pushvalue(L, -1);
        lua_rawget(L, writer->names);
        names = (int)lua_tointeger(L, -1);
        lua_pop(L, 1);
    }
    member->has_secret_name =
        (names & JSON_NAME_SECRET) != 0 || member->parent->has_secret_name;
    member->is_secret =
        member->has_secret_name && (names & JSON_NAME_PLAIN) == 0;
}

static bool write_text(struct json_writer *writer, const struct place *place,
                       const char *text, size_t length, bool secret) {
    if (secret && !mask_add(writer->secrets, text, length)) {
        return refuse_append(writer, place, &writer->secrets->parts);
    }
    if (!write_string(writer->output, text, length)) {
        return refuse(writer, place, "invalid_utf8",
                      "the string is not valid UTF-8");
    }
    return true;
}

/* Stack: [value, a number]. */
static bool write_number(lua_State *L, struct json_writer *writer,
                         const struct place *place) {
    char text[JSON_NUMBER_SIZE];
    int length;
#if LUA_VERSION_NUM >= 503
    if (lua_isinteger(L, -1)) {
        length = json_format_integer(text, (long long)lua_tointeger(L, -1));
    } else
#endif
    {
        length = json_format_double(text, (double)lua_tonumber(L, -1));
    }
    if (length == 0) {
        return refuse(writer, place, "invalid_number",
                      "NaN and the infinities have no form in JSON");
    }
    buffer_append(writer->output, text, (size_t)length);
    return true;
}

/* Stack: [value, a userdata]. */
static bool write_userdata(lua_State *L, struct json_writer *writer,
                           const struct place *place) {
    const struct secret *secret = secret_test(L, -1);
    const char *bytes = "";
    size_t length = 0;
    if (secret == NULL) {
        return refuse(writer, place, "type_mismatch",
                      "a userdata cannot be sent as JSON");
    }
    if (!secret_bytes(secret, &bytes, &length)) {
        return refuse(writer, place, "secret_unread",
                      "the secret was not read yet");
    }
    return write_text(writer, place, bytes, length, true);
}

static int compare_keys(const void *left, const void *right) {
    const struct key *a = left, *b = right;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->bytes, b->bytes, shorter);
    if (order != 0) return order;
    return a->length < b->length ? -1 : a->length > b->length;
}

enum table_shape { TABLE_OBJECT, TABLE_ARRAY, TABLE_REFUSED };

struct table_survey {
    size_t strings;
    size_t positions;
    lua_Number last;
};

/* Stack: [string] -> same. */
static bool note_key(lua_State *L, struct json_writer *writer) {
    struct key key;
    key.bytes = lua_tolstring(L, -1, &key.length);
    key.index = writer->keys->length / sizeof key + 1;
    lua_pushvalue(L, -1);
    lua_rawseti(L, writer->anchor, (int)key.index);
    return buffer_append(writer->keys, &key, sizeof key);
}

/* Stack: [table, key, value]: notes the key; false for one that JSON cannot
 * have. Keys that are strings go onto writer->keys. */
static bool survey_key(lua_State *L, struct json_writer *writer,
                       struct table_survey *survey) {
    if (lua_type(L, -2) == LUA_TSTRING) {
        lua_pushvalue(L, -2);
        bool noted = note_key(L, writer);
        lua_pop(L, 1);
        survey->strings++;
        return noted;
    }
    if (lua_type(L, -2) != LUA_TNUMBER) return false;
    lua_Number position = lua_tonumber(L, -2);
    if (position < 1 || position > 1e9 ||
        position != (lua_Number)(size_t)position) {
        return false;
    }
    survey->positions++;
    if (position > survey->last) survey->last = position;
    return true;
}

/* Stack: [table]. What the table is in JSON, and how many members. */
static enum table_shape survey_table(lua_State *L, struct json_writer *writer,
                                     const struct place *place,
                                     size_t *members) {
    struct table_survey survey = {0, 0, 0};
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        if (!survey_key(L, writer, &survey)) {
            lua_pop(L, 2);
            if (writer->keys->status != BUFFER_OK) {
                refuse_append(writer, place, writer->keys);
            } else {
                refuse(writer, place, "invalid_key",
                       "a table key is neither a string nor a position");
            }
            return TABLE_REFUSED;
        }
        lua_pop(L, 1);
    }
    *members = survey.strings + survey.positions;
    if (survey.positions == 0) return TABLE_OBJECT;
    if (survey.strings > 0) {
        refuse(writer, place, "mixed_table",
               "a table has both positions and names as keys");
    } else if ((lua_Number)survey.positions != survey.last) {
        refuse(writer, place, "sparse_array", "an array has holes");
    } else {
        return TABLE_ARRAY;
    }
    return TABLE_REFUSED;
}

/* Stack: [table]. */
static bool write_array(lua_State *L, struct json_writer *writer,
                        const struct place *place, size_t members, int depth) {
    buffer_append_byte(writer->output, '[');
    for (size_t i = 1; i <= members; i++) {
        struct place element = {.parent = place,
                                .position = i,
                                .is_secret = place->has_secret_name,
                                .has_secret_name = place->has_secret_name};
        if (i > 1) buffer_append_byte(writer->output, ',');
        lua_rawgeti(L, -1, (int)i);
        if (!write_value(L, writer, &element, depth + 1)) return false;
        lua_pop(L, 1);
    }
    buffer_append_byte(writer->output, ']');
    return true;
}

/* Stack: [table]. Its keys stand in writer->keys from `first` on, which may
 * move while members are written. */
static bool write_members(lua_State *L, struct json_writer *writer,
                          const struct place *place, size_t first,
                          size_t members, int depth) {
    for (size_t i = 0; i < members; i++) {
        struct key key;
        memcpy(&key, writer->keys->data + first + i * sizeof key, sizeof key);
        struct place member = {
            .parent = place, .key = key.bytes, .key_length = key.length};
        if (i > 0) buffer_append_byte(writer->output, ',');
        if (!write_text(writer, &member, key.bytes, key.length, false)) {
            return false;
        }
        buffer_append_byte(writer->output, ':');
        lua_rawgeti(L, writer->anchor, (int)key.index);
        note_name(L, writer, &member);
        lua_rawget(L, -2);
        if (!write_value(L, writer, &member, depth + 1)) return false;
        lua_pop(L, 1);
    }
    return true;
}

/* Stack: [table]. */
static bool write_table(lua_State *L, struct json_writer *writer,
                        const struct place *place, int depth) {
    if (depth >= JSON_MAX_DEPTH) {
        return refuse(writer, place, "too_deep",
                      "tables are nested deeper than 64 levels, or in a "
                      "cycle");
    }
    luaL_checkstack(L, 8, "nested tables");
    size_t first = writer->keys->length, members = 0;
    switch (survey_table(L, writer, place, &members)) {
    case TABLE_REFUSED: return false;
    case TABLE_ARRAY: return write_array(L, writer, place, members, depth);
    case TABLE_OBJECT: break;
    }
    if (members > 1) {
        qsort(writer->keys->data + first, members, sizeof(struct key),
              compare_keys);
    }
    buffer_append_byte(writer->output, '{');
    if (!write_members(L, writer, place, first, members, depth)) return false;
    buffer_append_byte(writer->output, '}');
    buffer_truncate(writer->keys, first);
    return true;
}

static bool write_light(lua_State *L, struct json_writer *writer,
                        const struct place *place) {
    const void *pointer = lua_touserdata(L, -1);
    if (pointer == NULL) {
        buffer_append_text(writer->output, "null");
    } else if (pointer == &empty_array) {
        buffer_append_text(writer->output, "[]");
    } else {
        return refuse(writer, place, "type_mismatch",
                      "a light userdata cannot be sent as JSON");
    }
    return true;
}

static bool write_other(lua_State *L, struct json_writer *writer,
                        const struct place *place) {
    char message[64];
    (void)snprintf(message, sizeof message, "a %s cannot be sent as JSON",
                   luaL_typename(L, -1));
    return refuse(writer, place, "type_mismatch", message);
}

/* Stack: [value]; a refused one leaves more on it. */
static bool write_value(lua_State *L, struct json_writer *writer,
                        const struct place *place, int depth) {
    bool done;
    size_t length;
    const char *text;
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        text = lua_tolstring(L, -1, &length);
        done = write_text(writer, place, text, length, place->is_secret);
        break;
    case LUA_TNUMBER: done = write_number(L, writer, place); break;
    case LUA_TBOOLEAN:
        done = buffer_append_text(writer->output,
                                  lua_toboolean(L, -1) ? "true" : "false");
        break;
    case LUA_TTABLE: done = write_table(L, writer, place, depth); break;
    case LUA_TLIGHTUSERDATA: done = write_light(L, writer, place); break;
    case LUA_TUSERDATA: done = write_userdata(L, writer, place); break;
    default: done = write_other(L, writer, place); break;
    }
    if (failure_is_set(writer->failure)) return false;
    if (writer->output->status != BUFFER_OK) {
        return refuse_append(writer, place, writer->output);
    }
    return done;
}

/* From here on nothing is allocated in Lua but by the anchor, so no finalizer
 * runs while a table is traversed. A refused value leaves what was under way
 * on the stack: it is dropped here. */
bool json_write(lua_State *L, int index, struct json_writer *writer) {
    static const struct place root = {.parent = NULL};
    int top = lua_gettop(L);
    index = compat_absindex(L, index);
    lua_createtable(L, 8, 0);
    writer->anchor = top + 1;
    lua_pushvalue(L, index);
    bool done = write_value(L, writer, &root, 0);
    lua_settop(L, top);
    return done;
}

void json_push_empty_array(lua_State *L) {
    lua_pushlightuserdata(L, &empty_array);
}
