/* The path and the query of a request, encoded byte by byte (RFC 3986). */
#include <stdio.h>
#include <string.h>

#include "mask.h"
#include "request.h"

#define SEGMENT_MAX ((size_t)1024)

bool request_is_unreserved(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("-_.~", byte) != NULL);
}

static void append_encoded(struct buffer *output, const char *text,
                           size_t length) {
    /* Lower case, since libcurl makes it so in what it sends. */
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (request_is_unreserved(byte)) {
            buffer_append_byte(output, (char)byte);
        } else {
            char triple[3] = {'%', hex[byte >> 4], hex[byte & 15]};
            buffer_append(output, triple, sizeof triple);
        }
    }
}

static const char *segment_problem(const char *segment, size_t length) {
    if (length == 0) return "is empty";
    if (length > SEGMENT_MAX) return "is longer than 1,024 bytes";
    if (memchr(segment, '\0', length) != NULL) return "has a NUL byte";
    if (segment[0] == '.' &&
        (length == 1 || (length == 2 && segment[1] == '.'))) {
        return "is a path segment of dots";
    }
    return NULL;
}

/* `name` ends at the first `}`. */
static bool refuse_segment(struct failure *failure, const char *name,
                           const char *problem) {
    int length = (int)strcspn(name, "}");
    if (strncmp(name, "id}", 3) == 0) {
        failure_set(failure, "validation", "invalid_id", "the id %s", problem);
    } else {
        failure_set(failure, "validation", "invalid_segment", "the %.*s %s",
                    length, name, problem);
    }
    (void)snprintf(failure->path, sizeof failure->path, "%.*s", length, name);
    return false;
}

/* Secrets that a segment holds are looked for in its plain form: in the
 * encoded one they would not be found. `secrets` is NULL to send it. */
static void append_path(lua_State *L, struct buffer *path,
                        const struct request_target *target,
                        const struct mask *secrets) {
    int index = target->segments;
    size_t base = strlen(target->base_path);
    while (base > 0 && target->base_path[base - 1] == '/') base--;
    buffer_append(path, target->base_path, base);
    const char *text = target->route->path;
    while (*text != '\0') {
        if (*text != '{') {
            buffer_append_byte(path, *text++);
            continue;
        }
        size_t length;
        const char *segment = lua_tolstring(L, index++, &length);
        if (secrets != NULL && mask_finds(secrets, segment, length)) {
            buffer_append_text(path, MASK_TEXT);
        } else {
            append_encoded(path, segment, length);
        }
        text += strcspn(text, "}") + 1;
    }
}

static bool check_segments(lua_State *L, const struct request_target *target,
                           struct failure *failure) {
    int index = target->segments;
    const char *name = strchr(target->route->path, '{');
    for (; name != NULL; name = strchr(name + 1, '{')) {
        size_t length;
        const char *segment = lua_tolstring(L, index++, &length);
        const char *problem = segment_problem(segment, length);
        if (problem != NULL) return refuse_segment(failure, name + 1, problem);
    }
    return true;
}

static bool refuse_query(struct failure *failure, const char *code,
                         const char *message) {
    failure_set(failure, "validation", code, "%s", message);
    strcpy(failure->path, "query");
    return false;
}

/* Stack: [..., {name, value}] -> same. False when one is not a string. */
static bool append_pair(lua_State *L, struct buffer *query) {
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    bool strings =
        lua_type(L, -2) == LUA_TSTRING && lua_type(L, -1) == LUA_TSTRING;
    if (strings) {
        size_t length;
        const char *text = lua_tolstring(L, -2, &length);
        if (query->length > 0) buffer_append_byte(query, '&');
        append_encoded(query, text, length);
        buffer_append_byte(query, '=');
        text = lua_tolstring(L, -1, &length);
        append_encoded(query, text, length);
    }
    lua_pop(L, 2);
    return strings;
}

/* Stack: same before and after. */
static bool append_query(lua_State *L, struct buffer *query, int index,
                         struct failure *failure) {
    for (int i = 1;; i++) {
        lua_rawgeti(L, index, i);
        if (lua_isnil(L, -1)) break;
        bool good = lua_type(L, -1) == LUA_TTABLE && append_pair(L, query);
        if (!good) {
            lua_pop(L, 1);
            return refuse_query(failure, "type_mismatch",
                                "must be a list of {name, value}, two strings");
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    if (query->length > 0) buffer_append_byte(query, '\0');
    if (query->status == BUFFER_OK) return true;
    if (query->status == BUFFER_NO_MEMORY) {
        return failure_out_of_memory(failure);
    }
    return refuse_query(failure, "too_large", "is longer than 16 KiB");
}

bool request_target(lua_State *L, struct request *request,
                    const struct request_target *target,
                    struct failure *failure) {
    if (!check_segments(L, target, failure)) return false;
    append_path(L, &request->path, target, NULL);
    buffer_append_byte(&request->path, '\0');
    if (request->path.status != BUFFER_OK) {
        return failure_out_of_memory(failure);
    }
    return target->query == 0 ||
           append_query(L, &request->query, target->query, failure);
}

bool request_show_target(lua_State *L, struct request *request,
                         const struct request_target *target,
                         struct failure *failure) {
    append_path(L, &request->shown, target, &request->secrets);
    buffer_append_byte(&request->shown, '\0');
    return request->shown.status == BUFFER_OK || failure_out_of_memory(failure);
}
