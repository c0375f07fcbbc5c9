#include "unescape.h"

#include <stdbool.h>
#include <string.h>

static int digit_value(char byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
    return -1;
}

static void encode(struct unescaped *unit, unsigned long code) {
    static const unsigned char leads[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    size_t count = 1;
    if (code >= 0x80) count = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = count - 1; i > 0; i--) {
        unit->bytes[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    unit->bytes[0] = (char)(leads[count] | code);
    unit->count = count;
}

/* Where a reader of one level below stands. */
struct cursor {
    const char *text;
    size_t length;
    size_t at;
    int level;
};

/* The next character there if it is one byte; -1 else. */
static int take(struct cursor *cursor) {
    if (cursor->at >= cursor->length) return -1;
    struct unescaped unit = unescape(
        cursor->text + cursor->at, cursor->length - cursor->at, cursor->level);
    cursor->at += unit.size;
    return unit.count == 1 ? (unsigned char)unit.bytes[0] : -1;
}

/* `XXXX` of `\uXXXX`; -1: it is not that. */
static long take_code(struct cursor *cursor) {
    long code = 0;
    for (int i = 0; i < 4; i++) {
        int byte = take(cursor);
        int value = byte < 0 ? -1 : digit_value((char)byte);
        if (value < 0) return -1;
        code = code * 16 + value;
    }
    return code;
}

/* Behind `\u`: one code, or the two of a pair. */
static bool take_character(struct cursor *cursor, struct unescaped *unit) {
    long code = take_code(cursor);
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff)) return false;
    if (code >= 0xd800 && code <= 0xdbff) {
        if (take(cursor) != '\\' || take(cursor) != 'u') return false;
        long low = take_code(cursor);
        if (low < 0xdc00 || low > 0xdfff) return false;
        code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00);
    }
    encode(unit, (unsigned long)code);
    return true;
}

static bool take_escape(struct cursor *cursor, struct unescaped *unit) {
    static const char short_forms[] = "b\bf\fn\nr\rt\t\"\"\\\\//";
    int byte = take(cursor);
    if (byte == 'u') return take_character(cursor, unit);
    for (const char *pair = short_forms; *pair != '\0'; pair += 2) {
        if (byte != *pair) continue;
        unit->bytes[0] = pair[1];
        unit->count = 1;
        return true;
    }
    return false;
}

struct unescaped unescape(const char *text, size_t length, int level) {
    struct unescaped unit = {{text[0]}, 1, 1};
    if (level == 0 || text[0] != '\\') return unit;
    struct unescaped below = unescape(text, length, level - 1);
    if (below.count != 1 || below.bytes[0] != '\\') return below;
    struct cursor cursor = {text, length, below.size, level - 1};
    if (!take_escape(&cursor, &unit)) return below;
    unit.size = cursor.at;
    return unit;
}
