#include "placeholder.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "system.h"

/* Longer ones are masks or nothing. */
#define LONGEST ((size_t)128)

/* Of what a mask leaves to see at an end, and of a prefix such as `sk_live_`.
 */
#define END_SHOWN ((size_t)8)
#define PREFIX_SHOWN ((size_t)24)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct text {
    const char *at;
    size_t length;
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

static bool equals(struct text text, const char *other) {
    return text.length == strlen(other) && starts(text, other);
}

static bool equals_any_case(struct text text, const char *other) {
    return text.length == strlen(other) &&
           strncasecmp(text.at, other, text.length) == 0;
}

static struct text from(struct text text, size_t start) {
    struct text rest = {text.at + start, text.length - start};
    return rest;
}

static bool consists_of(struct text text, const char *more) {
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte >= 0x80 || byte == '\0') return false;
        if (!isalnum(byte) && strchr(more, byte) == NULL) return false;
    }
    return true;
}

/* Signs of masks, and how many of them are a mask by themselves. */
static const struct sign {
    const char *text;
    size_t least;
} signs[] = {
    {"*", 3},
    {"\xe2\x80\xa2", 2},
    {"\xe2\x97\x8f", 2}, /* stars, bullets */
    {"x", 3},
    {"X", 3},
    {"#", 3},
    {".", 3},
    {"\xe2\x80\xa6", 1},
};
#define STARS ((size_t)3) /* of the signs: they also hide parts of a text */

/* How many of a sign the text begins with. */
static size_t run_of(const char *sign, struct text text) {
    size_t count = 0, size = strlen(sign);
    while (starts(from(text, count * size), sign)) count++;
    return count;
}

/* `****`, `XXXX-XXXX` */
static bool is_whole_mask(struct text text, const struct sign *sign) {
    size_t count = 0, size = strlen(sign->text);
    if (!starts(text, sign->text)) return false;
    while (text.length > 0) {
        if (starts(text, sign->text)) {
            count++;
            text = from(text, size);
        } else if (strchr("-_ ", *text.at) != NULL) {
            text = from(text, 1);
        } else {
            return false;
        }
    }
    return count >= sign->least;
}

/* Ends of a key on both sides of a mask: `sk-****1234`, `********WXYZ`. */
static bool is_partial_mask(struct text text, const char *sign) {
    size_t shown = 0;
    while (shown < text.length && !starts(from(text, shown), sign)) {
        if (++shown > PREFIX_SHOWN) return false;
    }
    struct text prefix = {text.at, shown};
    struct text rest = from(text, shown);
    size_t run = run_of(sign, rest);
    struct text suffix = from(rest, run * strlen(sign));
    if (suffix.length > END_SHOWN || !consists_of(suffix, "") ||
        !consists_of(prefix, "-_")) {
        return false;
    }
    if (ends(prefix, "-") || ends(prefix, "_")) {
        return shown <= PREFIX_SHOWN && run >= (suffix.length > 0 ? 4 : 3);
    }
    return run >= 8 && shown <= END_SHOWN &&
           (prefix.length == 0 || suffix.length == 0);
}

/* `sk-...abcd`, as one service shows its keys */
static bool is_dotted_key(struct text text) {
    static const char *const marks[] = {"...", "\xe2\x80\xa6"};
    if (!starts(text, "sk-") && !starts(text, "sk_")) return false;
    for (size_t i = 0; i < COUNT(marks); i++) {
        for (size_t k = 3; k < text.length && k <= PREFIX_SHOWN; k++) {
            if (!starts(from(text, k), marks[i])) continue;
            struct text end = from(text, k + strlen(marks[i]));
            return end.length <= END_SHOWN && consists_of(end, "");
        }
    }
    return false;
}

static bool is_mask(struct text text) {
    for (size_t i = 0; i < COUNT(signs); i++) {
        if (is_whole_mask(text, &signs[i])) return true;
        if (i < STARS && is_partial_mask(text, signs[i].text)) return true;
    }
    return is_dotted_key(text);
}

/* What was taken out. */
static const char *const gone[] = {
    "redacted",  "masked", "hidden", "filtered", "removed", "omitted",
    "sensitive", "unset",  "null",   "nil",      "none",    "undefined",
};

/* What is still to come. */
static const char *const nouns[] = {
    "key",        "token",      "secret",      "password",     "passwd",
    "passphrase", "credential", "credentials", "apikey",       "accesskey",
    "secretkey",  "privatekey", "authtoken",   "accesstoken",  "yourkey",
    "yourapikey", "yourtoken",  "yoursecret",  "yourpassword", "placeholder",
    "replaceme",  "changeme",   "your",
};

static bool is_among(struct text word, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (equals_any_case(word, words[i])) return true;
    }
    return false;
}

/* The next word of `api_key`, `API KEY` or `apiKey`; empty at the end. */
static struct text next_word(struct text *text) {
    while (text->length > 0 && !isalnum((unsigned char)*text->at)) {
        *text = from(*text, 1);
    }
    size_t length = 0;
    while (length < text->length && isalnum((unsigned char)text->at[length])) {
        if (length > 0 && isupper((unsigned char)text->at[length]) &&
            islower((unsigned char)text->at[length - 1])) {
            break;
        }
        length++;
    }
    struct text word = {text->at, length};
    *text = from(*text, length);
    return word;
}

static bool has_gone(struct text text) {
    struct text word;
    while ((word = next_word(&text)).length > 0) {
        if (is_among(word, gone, COUNT(gone))) return true;
    }
    return false;
}

static bool has_word(struct text text) {
    struct text rest = text, word;
    if (!consists_of(text, " _-.:/")) return false;
    while ((word = next_word(&rest)).length > 0) {
        if (is_among(word, nouns, COUNT(nouns))) return true;
    }
    return has_gone(text);
}

static bool is_any(struct text text) {
    return text.length > 0;
}

/* `${KEY}`, `${KEY:-default}` */
static bool begins_with_name(struct text text) {
    return text.length > 0 &&
           (isalpha((unsigned char)*text.at) || *text.at == '_') &&
           memchr(text.at, '{', text.length) == NULL &&
           memchr(text.at, '}', text.length) == NULL;
}

/* `$(cat key)` */
static bool is_command(struct text text) {
    return begins_with_name(text) && memchr(text.at, ' ', text.length) != NULL;
}

static bool has_lower(struct text text) {
    for (size_t i = 0; i < text.length; i++) {
        if (islower((unsigned char)text.at[i])) return true;
    }
    return false;
}

/* `$API_KEY`; not `$UPERSECRET` */
static bool is_variable(struct text text) {
    return !has_lower(text) && consists_of(text, "_") &&
           memchr(text.at, '_', text.length) != NULL && has_word(text);
}

static const struct bracket {
    const char *open, *close;
    bool (*holds)(struct text inside);
} brackets[] = {
    {"<", ">", has_word},    {"[", "]", has_word},
    {"{", "}", has_word},    {"%", "%", has_word},
    {"__", "__", has_word},  {"(", ")", has_gone},
    {"{{", "}}", is_any},    {"${{", "}}", is_any},
    {"<%", "%>", is_any},    {"${", "}", begins_with_name},
    {"$(", ")", is_command}, {"$", "", is_variable},
};

static bool is_in_brackets(struct text text) {
    for (size_t i = 0; i < COUNT(brackets); i++) {
        const struct bracket *bracket = &brackets[i];
        size_t open = strlen(bracket->open), close = strlen(bracket->close);
        if (text.length <= open + close || !starts(text, bracket->open) ||
            !ends(text, bracket->close)) {
            continue;
        }
        struct text inside = {text.at + open, text.length - open - close};
        if (bracket->holds(inside)) return true;
    }
    return false;
}

/* `YOUR_API_KEY`, `put-your-token-here`; in small letters and without "here"
 * it may be meant, as the reference page's own `your_config_secret`. */
static bool is_request(struct text text) {
    static const char *const verbs[] = {"enter", "put", "insert",
                                        "paste", "add", "use"};
    bool is_certain = !has_lower(text), ends_in_noun = false;
    if (!consists_of(text, "_-")) return false;
    struct text word = next_word(&text);
    if (is_among(word, verbs, COUNT(verbs))) word = next_word(&text);
    if (!equals_any_case(word, "your")) return false;
    while ((word = next_word(&text)).length > 0) {
        if (ends_in_noun && equals_any_case(word, "here")) is_certain = true;
        else ends_in_noun = is_among(word, nouns, COUNT(nouns));
    }
    return is_certain && ends_in_noun;
}

/* What languages and tools print for nothing, or for a value that is no
 * string. */
static const char *const nothings[] = {
    "null",   "NULL", "Null",  "nil",   "undefined",       "None",
    "NaN",    "true", "false", "(nil)", "[object Object]", "N/A",
    "@stdin", "TODO", "TBD",   "FIXME", "<no value>",      "@prompt",
};
static const char *const requests[] = {"change_me",  "change-me", "replace_me",
                                       "replace-me", "redacted",  "masked",
                                       "hidden",     "filtered"};
static const char *const kinds[] = {
    "table: ", "function: ", "thread: ", "userdata: ", "cdata<"};

/* References that somebody should have followed. */
static const char *const references[] = {
    "@env:", "@file:", "@fd:", "op://", "vault://", "arn:aws:secretsmanager:",
};

static bool is_printed_value(struct text text) {
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (starts(text, kinds[i]) && text.length > strlen(kinds[i])) {
            char next = text.at[strlen(kinds[i])];
            return next != ' ' && (*kinds[i] == 'c' || strchr("0N(b", next));
        }
    }
    return false;
}

static bool is_reference(struct text text) {
    for (size_t i = 0; i < COUNT(references); i++) {
        if (starts(text, references[i])) return true;
    }
    return false;
}

static bool is_nothing(struct text text) {
    for (size_t i = 0; i < COUNT(nothings); i++) {
        if (equals(text, nothings[i])) return true;
    }
    return is_among(text, requests, COUNT(requests));
}

bool placeholder_is(const char *bytes, size_t length) {
    struct text text = {bytes, length};
    if (length == 0) return false;
    if (is_mask(text)) return true;
    return length <= LONGEST &&
           (is_nothing(text) || is_in_brackets(text) || is_request(text) ||
            is_printed_value(text) || is_reference(text));
}
