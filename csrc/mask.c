#include "mask.h"

#include <string.h>

#include "unescape.h"

struct part {
    size_t length;
    size_t next; /* of the same first byte, as in struct mask */
};

void mask_init(struct mask *mask, size_t ceiling) {
    memset(mask, 0, sizeof *mask);
    buffer_init(&mask->parts, ceiling);
}

void mask_clear(struct mask *mask) {
    if (mask->parts.length > 0) memset(mask->chains, 0, sizeof mask->chains);
    buffer_clear(&mask->parts);
}

void mask_free(struct mask *mask) {
    memset(mask->chains, 0, sizeof mask->chains);
    buffer_free(&mask->parts);
}

static bool is_blank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void trim(const char **text, size_t *length) {
    while (*length > 0 && is_blank((*text)[*length - 1])) --*length;
    while (*length > 0 && is_blank(**text)) {
        ++*text;
        --*length;
    }
}

/* A part is there as a whole or not at all. */
static bool add_part(struct mask *mask, const char *text, size_t length) {
    size_t before = mask->parts.length;
    unsigned char first = (unsigned char)text[0];
    struct part part = {length, mask->chains[first]};
    if (!buffer_append(&mask->parts, &part, sizeof part) ||
        !buffer_append(&mask->parts, text, length)) {
        buffer_truncate(&mask->parts, before);
        return false;
    }
    mask->chains[first] = before + 1;
    return true;
}

/* The line's length; what ends it may be written as an escape. */
static size_t line_length(const char *text, size_t length) {
    size_t i = 0;
    while (i < length && text[i] != '\n') {
        if (text[i] == '\\' && i + 1 < length && text[i + 1] == 'n') break;
        i++;
    }
    return i;
}

/* The first line is found as the beginning of the whole. */
static bool add_lines(struct mask *mask, const char *text, size_t length) {
    size_t at = line_length(text, length);
    while (at < length) {
        at += text[at] == '\n' ? 1 : 2;
        size_t size = line_length(text + at, length - at);
        const char *line = text + at;
        at += size;
        trim(&line, &size);
        if (size >= MASK_PART_LENGTH && !add_part(mask, line, size)) {
            return false;
        }
    }
    return true;
}

bool mask_add(struct mask *mask, const char *secret, size_t length) {
    trim(&secret, &length);
    if (length < MASK_MIN_LENGTH) return true;
    return add_part(mask, secret, length) && add_lines(mask, secret, length);
}

/* How much of the text, read at a level, is the part or a beginning of it
 * that is long enough; 0: it is not there. */
static size_t matched(const char *text, size_t left, const char *part,
                      size_t length, int level) {
    size_t read = 0, compared = 0;
    while (compared < length && read < left) {
        struct unescaped unit = unescape(text + read, left - read, level);
        if (unit.count > length - compared ||
            memcmp(unit.bytes, part + compared, unit.count) != 0) {
            break;
        }
        compared += unit.count;
        read += unit.size;
    }
    return compared == length || compared >= MASK_PART_LENGTH ? read : 0;
}

/* The longest secret at `text`, read at one level. */
static size_t secret_at_level(const struct mask *mask, const char *text,
                              size_t left, int level) {
    size_t longest = 0;
    struct unescaped unit = unescape(text, left, level);
    size_t at = mask->chains[(unsigned char)unit.bytes[0]];
    while (at != 0) {
        struct part part;
        memcpy(&part, mask->parts.data + at - 1, sizeof part);
        const char *bytes = mask->parts.data + at - 1 + sizeof part;
        size_t length = matched(text, left, bytes, part.length, level);
        if (length > longest) longest = length;
        at = part.next;
    }
    return longest;
}

/* The length of what stands at `text` for a secret, or 0. Without a backslash
 * all levels read the same. */
static size_t secret_at(const struct mask *mask, const char *text, size_t left,
                        bool is_escaped) {
    size_t longest = 0;
    for (int level = 0; level <= (is_escaped ? UNESCAPE_LEVELS : 0); level++) {
        size_t length = secret_at_level(mask, text, left, level);
        if (length > longest) longest = length;
    }
    return longest;
}

/* Where the next secret begins, or `length`. */
static size_t next_secret(const struct mask *mask, const char *text,
                          size_t length, bool is_escaped, size_t *found) {
    *found = 0;
    for (size_t i = 0; i < length; i++) {
        *found = secret_at(mask, text + i, length - i, is_escaped);
        if (*found > 0) return i;
    }
    return length;
}

bool mask_finds(const struct mask *mask, const char *text, size_t length) {
    size_t found;
    bool is_escaped = length > 0 && memchr(text, '\\', length) != NULL;
    return mask->parts.length > 0 &&
           next_secret(mask, text, length, is_escaped, &found) < length;
}

void mask_push(lua_State *L, const struct mask *mask, const char *text,
               size_t length) {
    if (!mask_finds(mask, text, length)) {
        lua_pushlstring(L, text, length);
        return;
    }
    bool is_escaped = memchr(text, '\\', length) != NULL;
    luaL_Buffer masked;
    luaL_buffinit(L, &masked);
    while (length > 0) {
        size_t found;
        size_t start = next_secret(mask, text, length, is_escaped, &found);
        luaL_addlstring(&masked, text, start);
        if (found > 0) luaL_addstring(&masked, MASK_TEXT);
        text += start + found;
        length -= start + found;
    }
    luaL_pushresult(&masked);
}

/* Stack: [copy, table, key, value] -> [copy, table, key]. */
static void copy_member(lua_State *L, const struct mask *mask) {
    mask_value(L, mask);
    lua_pushvalue(L, -2);
    if (lua_type(L, -1) == LUA_TSTRING) mask_value(L, mask);
    lua_insert(L, -2);
    lua_rawset(L, -5);
}

/* Stack: [value] -> [masked value]; tables are copied, since keys change. */
void mask_value(lua_State *L, const struct mask *mask) {
    if (lua_type(L, -1) == LUA_TSTRING) {
        size_t length;
        const char *text = lua_tolstring(L, -1, &length);
        mask_push(L, mask, text, length);
        lua_remove(L, -2);
    } else if (lua_type(L, -1) == LUA_TTABLE) {
        luaL_checkstack(L, 8, "nested answer");
        lua_newtable(L);
        lua_insert(L, -2); /* [copy, table] */
        lua_pushnil(L);
        while (lua_next(L, -2)) copy_member(L, mask);
        lua_pop(L, 1);
    }
}
