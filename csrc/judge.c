#include "judge.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "placeholder.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct verdict sound = {NULL, NULL};

struct text {
    const char *at;
    size_t length;
};

/* What is not seen: byte order marks, signs of no width, spaces that are none
 * of ASCII. Those of UTF-16 first. */
static const char *const invisible[] = {
    "\xff\xfe",     "\xfe\xff",     "\xef\xbb\xbf", "\xe2\x80\x8b",
    "\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x80\x8e", "\xe2\x80\x8f",
    "\xe2\x81\xa0", "\xc2\xa0",     "\xc2\xad",     "\xe2\x80\xa8",
};
#define BYTE_ORDER_MARKS ((size_t)3)

static const struct quote {
    const char *open, *close;
} quotes[] = {
    {"\"", "\""},
    {"'", "'"},
    {"`", "`"},
    {"\xe2\x80\x9c", "\xe2\x80\x9d"},
    {"\xe2\x80\x98", "\xe2\x80\x99"},
};

static bool starts(struct text text, const char *with) {
    size_t length = strlen(with);
    return text.length >= length && memcmp(text.at, with, length) == 0;
}

static bool ends(struct text text, const char *with) {
    size_t length = strlen(with);
    return text.length >= length &&
           memcmp(text.at + text.length - length, with, length) == 0;
}

static bool has(struct text text, const char *part) {
    return memmem(text.at, text.length, part, strlen(part)) != NULL;
}

static bool is_blank(char byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r') || byte == '\0';
}

static struct text cut(struct text text, size_t start, size_t end) {
    struct text rest = {text.at + start, text.length - start - end};
    return rest;
}

static struct text trim_blanks(struct text text) {
    while (text.length > 0 && is_blank(text.at[0])) text = cut(text, 1, 0);
    while (text.length > 0 && is_blank(text.at[text.length - 1])) {
        text = cut(text, 0, 1);
    }
    return text;
}

static struct text trim(struct text text) {
    size_t before;
    do {
        text = trim_blanks(text);
        before = text.length;
        for (size_t i = 0; i < COUNT(invisible); i++) {
            size_t size = strlen(invisible[i]);
            if (starts(text, invisible[i])) text = cut(text, size, 0);
            if (ends(text, invisible[i])) text = cut(text, 0, size);
        }
    } while (text.length < before);
    return text;
}

static struct text unquote(struct text text) {
    for (size_t i = 0; i < COUNT(quotes); i++) {
        size_t open = strlen(quotes[i].open), close = strlen(quotes[i].close);
        if (text.length >= open + close && starts(text, quotes[i].open) &&
            ends(text, quotes[i].close)) {
            return trim(cut(text, open, close));
        }
    }
    return text;
}

bool judge_is_empty(const char *bytes, size_t length) {
    struct text text = {bytes, length};
    return length == 0 || unquote(trim(text)).length == 0;
}

struct verdict judge_verbatim(const char *bytes, size_t length) {
    struct verdict empty = {"empty_secret", NULL};
    return judge_is_empty(bytes, length) ? empty : sound;
}

/* A name of a variable, from the text's start; its length, or 0. */
static size_t name_length(struct text text) {
    size_t length = 0;
    while (
        length < text.length && length < 64 &&
        (isalnum((unsigned char)text.at[length]) || text.at[length] == '_')) {
        length++;
    }
    return length > 0 && isdigit((unsigned char)text.at[0]) ? 0 : length;
}

/* Whether a name speaks of a secret, so that `name=` is no part of one. */
static bool names_secret(struct text name) {
    static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASS",
                                        "key", "token", "secret", "pass"};
    for (size_t i = 0; i < COUNT(words); i++) {
        if (has(name, words[i])) return true;
    }
    return false;
}

/* `KEY=value`, `export KEY=value`, `key = value`; no base64 with its padding */
static bool is_assignment(struct text text) {
    bool exported = starts(text, "export ");
    if (exported) text = cut(text, strlen("export "), 0);
    struct text name = {text.at, name_length(text)};
    text = cut(text, name.length, 0);
    while (text.length > 0 && text.at[0] == ' ') text = cut(text, 1, 0);
    return name.length >= 3 && text.length > 1 && text.at[0] == '=' &&
           text.at[1] != '=' && (exported || names_secret(name));
}

static bool is_ascii(struct text text) {
    unsigned char all = 0;
    for (size_t i = 0; i < text.length; i++) all |= (unsigned char)text.at[i];
    return all < 0x80;
}

/* None of them is ASCII, as nearly all secrets are. */
static bool has_invisible(struct text text) {
    if (is_ascii(text)) return false;
    for (size_t i = BYTE_ORDER_MARKS; i < COUNT(invisible); i++) {
        if (has(text, invisible[i])) return true;
    }
    return has(text, "\xef\xbb\xbf");
}

static bool has_control(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if ((byte < 0x20 && !is_blank((char)byte)) || byte == 0x7f) return true;
    }
    return false;
}

static const char *dirt_of(struct text text) {
    struct text inside = trim(text);
    bool is_document =
        memchr(inside.at, '\n', inside.length) != NULL || starts(inside, "{");
    if (memchr(text.at, '\0', text.length) != NULL) return "utf16";
    for (size_t i = 0; i < BYTE_ORDER_MARKS; i++) {
        if (starts(text, invisible[i])) return "byte_order_mark";
    }
    if (unquote(inside).length < inside.length) return "quotes";
    if (is_assignment(inside)) return "assignment";
    if (!is_document && trim_blanks(text).length < text.length) return "blanks";
    if (has_invisible(text)) return "invisible";
    return has_control(text) ? "control" : NULL;
}

/* NULL code: neither empty nor a placeholder. */
static struct verdict judge_absence(struct text text) {
    struct verdict verdict = {NULL, NULL};
    struct text inside = unquote(trim(text));
    if (inside.length == 0) verdict.code = "empty_secret";
    else if (placeholder_is(inside.at, inside.length)) {
        verdict.code = "placeholder_secret";
    }
    return verdict;
}

struct verdict judge_secret(const char *bytes, size_t length) {
    struct text text = {bytes, length};
    struct verdict verdict = judge_absence(text);
    if (verdict.code != NULL) return verdict;
    verdict.detail = dirt_of(text);
    if (verdict.detail != NULL) verdict.code = "dirty_secret";
    return verdict;
}

static const char *const labels[] = {"PRIVATE KEY", "RSA PRIVATE KEY",
                                     "EC PRIVATE KEY"};

/* Moves behind a line's end after blanks; false if there is none. */
static bool skip_line_end(struct text *text) {
    while (text->length > 0 && (text->at[0] == ' ' || text->at[0] == '\t')) {
        *text = cut(*text, 1, 0);
    }
    bool found =
        text->length > 0 && (text->at[0] == '\n' || text->at[0] == '\r');
    if (found) *text = cut(*text, 1, 0);
    return found;
}

/* Whether nothing but blanks stands before a place in its line. */
static bool begins_line(const char *start, const char *place) {
    while (place > start && (place[-1] == ' ' || place[-1] == '\t')) place--;
    return place == start || place[-1] == '\n' || place[-1] == '\r';
}

/* Moves behind the marker, at the text's or a line's start; what stood before
 * it is left in *before. */
static bool find_marker(struct text *text, const char *marker,
                        struct text *before) {
    size_t size = strlen(marker), i = 0;
    const char *place;
    while ((place = memmem(text->at + i, text->length - i, marker, size)) !=
           NULL) {
        i = (size_t)(place - text->at);
        if (begins_line(text->at, place)) {
            *before = cut(*text, 0, text->length - i);
            *text = cut(*text, i + size, 0);
            return true;
        }
        i += size;
    }
    return false;
}

/* "-----BEGIN label-----", and its like. */
static void make_marker(char *marker, size_t size, const char *what,
                        const char *label) {
    (void)snprintf(marker, size, "-----%s%s-----", what, label);
}

/* Leaves what stands between the lines in *body. */
static bool is_key_with(struct text text, const char *label,
                        struct text *body) {
    char marker[64];
    make_marker(marker, sizeof marker, "BEGIN ", label);
    if (!find_marker(&text, marker, body) || !skip_line_end(&text)) {
        return false;
    }
    make_marker(marker, sizeof marker, "END ", label);
    if (!find_marker(&text, marker, body)) return false;
    *body = trim(*body);
    return body->length > 0;
}

/* Why a text without a private key's lines has none. */
static const char *key_problem(struct text text) {
    if (has(text, "-----BEGIN CERTIFICATE") ||
        has(text, "-----BEGIN PUBLIC KEY")) {
        return "certificate";
    }
    if (has(text, "-----BEGIN ENCRYPTED PRIVATE KEY")) return "encrypted";
    if (!has(text, "PRIVATE KEY-----")) return "no_key";
    if (unquote(text).length < text.length && !has(text, "\\n")) {
        return "quotes";
    }
    if (has(text, "-----\\n") || has(text, "-----\\r")) {
        return "escaped_newlines";
    }
    return has(text, "-----END ") && has(text, "-----BEGIN ") ? "no_newlines"
                                                              : "cut_off";
}

struct verdict judge_private_key(const char *bytes, size_t length) {
    struct text text = {bytes, length}, body;
    struct verdict verdict = judge_absence(text);
    if (verdict.code != NULL) return verdict;
    text = trim(text);
    for (size_t i = 0; i < COUNT(labels); i++) {
        if (!is_key_with(text, labels[i], &body)) continue;
        return judge_absence(body);
    }
    verdict.code = "invalid_private_key";
    verdict.detail = key_problem(text);
    return verdict;
}
