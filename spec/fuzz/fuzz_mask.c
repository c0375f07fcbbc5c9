/*
 * A secret, then a text that has it in between, after some rounds of JSON's
 * escapes: what is masked has it no more, in whatever form it is read back,
 * and what is not a secret stays.
 */
#include <string.h>

#include "../../csrc/buffer.h"
#include "../../csrc/mask.h"
#include "../../csrc/unescape.h"
#include "../../csrc/utf8.h"
#include "fuzz.h"

#define CEILING ((size_t)1 << 22)

static void append_unit(struct buffer *output, unsigned code) {
    static const char hex[] = "0123456789abcdefABCDEF";
    buffer_append_text(output, "\\u");
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = code >> shift & 15;
        buffer_append_byte(output,
                           hex[digit + (digit > 9 && code & 1 ? 6 : 0)]);
    }
}

static unsigned long decode(const unsigned char *bytes, size_t size) {
    static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned long code = bytes[0] & lead[size];
    for (size_t i = 1; i < size; i++) code = code << 6 | (bytes[i] & 0x3f);
    return code;
}

static void append_escaped(struct buffer *output, unsigned long code) {
    if (code > 0xffff) {
        append_unit(output, 0xd7c0 + (unsigned)(code >> 10));
        code = 0xdc00 + (code & 0x3ff);
    }
    append_unit(output, (unsigned)code);
}

/* One round, as an encoder would that escapes what `choice` says. */
static void escape(struct buffer *output, const char *text, size_t length,
                   uint8_t choice) {
    static const char pairs[] = "\bb\ff\nn\rr\tt\"\"\\\\";
    for (size_t i = 0; i < length;) {
        const unsigned char *at = (const unsigned char *)text + i;
        size_t size = utf8_sequence(at, length - i);
        const char *pair = memchr(pairs, *at, sizeof pairs - 1);
        bool is_short = pair != NULL && (pair - pairs) % 2 == 0;
        if (size == 0) {
            buffer_append_byte(output, text[i]);
            size = 1;
        } else if (is_short && (choice & 1) == 0) {
            char escaped[2] = {'\\', pair[1]};
            buffer_append(output, escaped, 2);
        } else if (is_short || *at < 0x20 || (choice & 2 && size > 1) ||
                   (choice & 4 && strchr("<>&'/", *at) != NULL)) {
            append_escaped(output, decode(at, size));
        } else {
            buffer_append(output, text + i, size);
        }
        i += size;
    }
}

/* Whether the secret can be read in the text at that level, from anywhere. */
static bool reads(const char *text, size_t length, int level,
                  const char *secret, size_t secret_length) {
    for (size_t start = 0; start < length; start++) {
        size_t at = start, compared = 0;
        while (at < length && compared < secret_length) {
            struct unescaped unit = unescape(text + at, length - at, level);
            FUZZ_CHECK(unit.count > 0 && unit.size > 0);
            FUZZ_CHECK(unit.size <= length - at);
            if (unit.count > secret_length - compared ||
                memcmp(unit.bytes, secret + compared, unit.count) != 0) {
                break;
            }
            compared += unit.count;
            at += unit.size;
        }
        if (compared == secret_length) return true;
    }
    return false;
}

static bool is_blank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void check_masked(lua_State *L, const char *secret, size_t length) {
    size_t size;
    const char *text = lua_tolstring(L, -1, &size);
    while (length > 0 && is_blank(secret[length - 1])) length--;
    while (length > 0 && is_blank(*secret)) {
        secret++;
        length--;
    }
    if (length < MASK_MIN_LENGTH) return;
    /* What the mask itself says may be a part of such a secret. */
    if (memchr(secret, '[', length) != NULL ||
        memchr(secret, ']', length) != NULL ||
        fuzz_contains(MASK_TEXT, strlen(MASK_TEXT), secret, length)) {
        return;
    }
    for (int level = 0; level <= UNESCAPE_LEVELS; level++) {
        FUZZ_CHECK(!reads(text, size, level, secret, length));
    }
}

/* Stack: [input] -> same. */
static int run(lua_State *L) {
    struct fuzz_input *input = lua_touserdata(L, 1);
    struct buffer rounds[2];
    struct mask mask;
    size_t length, rest;
    uint8_t count = fuzz_byte(input) % (UNESCAPE_LEVELS + 1);
    uint8_t choice = fuzz_byte(input);
    const char *secret = fuzz_bytes(input, 200, &length);
    const char *around = fuzz_bytes(input, 40, &rest);
    mask_init(&mask, CEILING);
    buffer_init(&rounds[0], CEILING);
    buffer_init(&rounds[1], CEILING);
    FUZZ_CHECK(mask_add(&mask, secret, length));
    buffer_append(&rounds[0], secret, length);
    for (uint8_t i = 0; i < count; i++) {
        struct buffer *from = &rounds[i % 2], *to = &rounds[(i + 1) % 2];
        buffer_clear(to);
        escape(to, from->data ? from->data : "", from->length,
               (uint8_t)(choice >> i % 4));
    }
    struct buffer *text = &rounds[(count + 1) % 2], *echo = &rounds[count % 2];
    buffer_clear(text);
    buffer_append(text, around, rest);
    buffer_append_byte(text, ' ');
    buffer_append(text, echo->data ? echo->data : "", echo->length);
    buffer_append_byte(text, ' ');
    buffer_append(text, around, rest);
    if (text->status == BUFFER_OK) {
        mask_push(L, &mask, text->data, text->length);
        check_masked(L, secret, length);
    }
    buffer_free(&rounds[0]);
    buffer_free(&rounds[1]);
    mask_free(&mask);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size};
    fuzz_call(fuzz_state(), run, &input);
    return 0;
}
