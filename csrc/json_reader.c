#include <math.h>
#include <string.h>

#include "json.h"

/* Registry fields: decode of the private lua-cjson; whether it makes 2^63 of
 * every integer beyond, as lua-cjson does from 2.1.0.9 on. */
#define READER "truto.json.decode"
#define CUTS_OFF "truto.json.cuts_off"

#define CUT_OFF 9223372036854775808.0

#define INSTALL                                                                \
    "install it with `luarocks install lua-cjson`, or as a package "           \
    "(Debian, Ubuntu: lua-cjson; Fedora: lua-cjson; Alpine: lua5.4-cjson)"

/* What is wrong with the numbers of a value. */
struct numbers {
    bool infinite;
    bool cut_off; /* perhaps: only the text tells */
};

/* Stack: [value] -> [value], changed where it is a whole number. */
static void make_whole(lua_State *L, lua_Number value) {
#if LUA_VERSION_NUM >= 503
    if (value > -9007199254740992.0 && value < 9007199254740992.0 &&
        value == (lua_Number)(lua_Integer)value) {
        lua_pop(L, 1);
        lua_pushinteger(L, (lua_Integer)value);
    }
#else
    (void)L;
    (void)value;
#endif
}

/* Stack: [number] -> [number]. */
static void tidy_number(lua_State *L, struct numbers *numbers) {
    lua_Number value = lua_tonumber(L, -1);
    if (!isfinite(value)) numbers->infinite = true;
    if (fabs(value) == CUT_OFF) numbers->cut_off = true;
    make_whole(L, value);
}

/*
 * Stack: [table] -> [table]. Only fields that are there are assigned, which
 * lua_next allows. lua-cjson has limited the depth.
 */
static void tidy(lua_State *L, struct numbers *numbers) {
    luaL_checkstack(L, 6, "nested answer");
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        bool null_member = lua_type(L, -1) == LUA_TLIGHTUSERDATA &&
                           lua_type(L, -2) == LUA_TSTRING;
        if (lua_type(L, -1) == LUA_TTABLE) {
            tidy(L, numbers);
            lua_pop(L, 1);
            continue;
        }
        if (null_member) {
            lua_pop(L, 1);
            lua_pushnil(L);
        } else if (lua_type(L, -1) == LUA_TNUMBER) {
            tidy_number(L, numbers);
        } else {
            lua_pop(L, 1);
            continue;
        }
        lua_pushvalue(L, -2); /* [table, key, value, key] */
        lua_insert(L, -2);
        lua_rawset(L, -4); /* [table, key] */
    }
}

/* Behind the string that begins at text. */
static const char *skip_string(const char *text, const char *end) {
    for (text++; text < end && *text != '"'; text++) {
        if (*text == '\\') text++;
    }
    return text < end ? text + 1 : end;
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static bool is_exponent(char byte) {
    return byte == '.' || byte == 'e' || byte == 'E' || byte == '+' ||
           byte == '-';
}

/* Behind the number that begins at text; notes an integer of more than 64
 * bits. */
static const char *skip_number(const char *text, const char *end, bool *huge) {
    bool negative = *text == '-';
    if (negative) text++;
    const char *digits = text;
    while (text < end && is_digit(*text)) text++;
    size_t count = (size_t)(text - digits);
    if (text < end && is_exponent(*text)) {
        while (text < end && (is_exponent(*text) || is_digit(*text))) text++;
        return text;
    }
    const char *most = negative ? "9223372036854775808" : "9223372036854775807";
    size_t length = strlen(most);
    if (count > length ||
        (count == length && memcmp(digits, most, length) > 0)) {
        *huge = true;
    }
    return text;
}

/* Of valid JSON. */
static bool has_huge_integer(const char *text, size_t length) {
    const char *end = text + length;
    bool huge = false;
    while (text < end && !huge) {
        if (*text == '"') {
            text = skip_string(text, end);
        } else if (*text == '-' || is_digit(*text)) {
            text = skip_number(text, end, &huge);
        } else {
            text++;
        }
    }
    return huge;
}

/* Stack: [] -> [value], or nothing and false. cjson.safe returns nil for what
 * cannot be read, and raises when memory is short. */
static bool decode(lua_State *L, const char *text, size_t length) {
    lua_getfield(L, LUA_REGISTRYINDEX, READER);
    lua_pushlstring(L, text, length);
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM) lua_error(L);
    if (status == 0 && !lua_isnil(L, -1)) return true;
    const char *reason = status == 0 ? NULL : lua_tostring(L, -1);
    if (reason != NULL && strstr(reason, "Memory allocation") != NULL) {
        luaL_error(L, "not enough memory");
    }
    lua_pop(L, 1);
    return false;
}

static bool is_in_range(lua_State *L, const struct numbers *numbers,
                        const char *text, size_t length) {
    if (numbers->infinite) return false;
    if (!numbers->cut_off) return true;
    lua_getfield(L, LUA_REGISTRYINDEX, CUTS_OFF);
    bool cuts_off = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return !cuts_off || !has_huge_integer(text, length);
}

enum json_status json_read(lua_State *L, const char *text, size_t length) {
    struct numbers numbers = {false, false};
    if (!decode(L, text, length)) return JSON_INVALID;
    if (lua_type(L, -1) == LUA_TTABLE) tidy(L, &numbers);
    if (is_in_range(L, &numbers, text, length)) return JSON_READ;
    lua_pop(L, 1);
    return JSON_OUT_OF_RANGE;
}

/* Stack: [cjson] -> []; the reader is in the registry. Raises, with any
 * error, for what has another interface. */
static int keep_reader(lua_State *L) {
    lua_getfield(L, 1, "new");
    lua_call(L, 0, 1); /* [cjson, instance] */
    lua_getfield(L, -1, "decode_max_depth");
    lua_pushinteger(L, JSON_MAX_DEPTH);
    lua_call(L, 1, 0);
    lua_getfield(L, -1, "decode_invalid_numbers");
    lua_pushboolean(L, 0);
    lua_call(L, 1, 0);
    lua_getfield(L, -1, "decode");
    luaL_checktype(L, -1, LUA_TFUNCTION);
    lua_setfield(L, LUA_REGISTRYINDEX, READER);
    return 0;
}

static bool reads(lua_State *L, const char *text) {
    bool read = decode(L, text, strlen(text));
    if (!read) return false;
    read = lua_type(L, -1) == LUA_TTABLE;
    lua_pop(L, 1);
    return read;
}

/* Whether the reader keeps to what was set. */
static bool is_strict(lua_State *L) {
    char deep[2 * (JSON_MAX_DEPTH + 1) + 1];
    memset(deep, '[', JSON_MAX_DEPTH + 1);
    memset(deep + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
    deep[sizeof deep - 1] = '\0';
    return reads(L, "{\"a\":[1]}") && !reads(L, deep) && !reads(L, "[nan]");
}

static void note_cut_off(lua_State *L) {
    static const char beyond[] = "[18446744073709551616]";
    bool cuts_off = false;
    if (decode(L, beyond, sizeof beyond - 1)) {
        lua_rawgeti(L, -1, 1);
        cuts_off = fabs((double)lua_tonumber(L, -1)) == CUT_OFF;
        lua_pop(L, 2);
    }
    lua_pushboolean(L, cuts_off);
    lua_setfield(L, LUA_REGISTRYINDEX, CUTS_OFF);
}

void json_open(lua_State *L) {
    int top = lua_gettop(L);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "cjson");
    int status = lua_pcall(L, 1, 1, 0);
    if (status == LUA_ERRMEM) lua_error(L);
    if (status != 0) {
        luaL_error(L, "truto needs lua-cjson: " INSTALL "\n%s",
                   lua_tostring(L, -1));
    }
    lua_pushcfunction(L, keep_reader);
    lua_insert(L, -2);
    status = lua_pcall(L, 1, 0, 0);
    if (status == LUA_ERRMEM) lua_error(L);
    if (status != 0 || !is_strict(L)) {
        luaL_error(L, "truto needs lua-cjson, but what `require \"cjson\"` "
                      "returns is something else: remove it from "
                      "package.loaded, or " INSTALL);
    }
    note_cut_off(L);
    lua_settop(L, top);
}

/* decode(text) -> value, or nothing. */
static int push_read(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    return json_read(L, text, length) == JSON_READ ? 1 : 0;
}

void json_push_reader(lua_State *L) {
    lua_pushcfunction(L, push_read);
}
