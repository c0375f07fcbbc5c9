#include "framing.h"

#include <string.h>

#include "head.h"

/* More digits are no length of anything. */
#define DIGITS_MAX 18

#define NO_LENGTH (-1LL)

/* What the fields of one head say. */
struct framing {
    long long length; /* NO_LENGTH: none is given */
    bool chunked;
};

static bool is_text(const char *value, size_t length, const char *text) {
    if (strlen(text) != length) return false;
    for (size_t i = 0; i < length; i++) {
        if (head_lower(value[i]) != text[i]) return false;
    }
    return true;
}

/* One member of a list, blanks around it included. False: not a length. */
static bool read_length(const char *text, const char *end, long long *length) {
    while (text < end && (*text == ' ' || *text == '\t')) text++;
    while (end > text && (end[-1] == ' ' || end[-1] == '\t')) end--;
    if (text == end || end - text > DIGITS_MAX) return false;
    *length = 0;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') return false;
        *length = *length * 10 + (*text - '0');
    }
    return true;
}

/* A list of equal lengths counts as one of them. */
static const char *add_length(struct framing *framing,
                              const struct head_field *field) {
    const char *text = field->value, *end = text + field->value_length;
    const char *comma;
    do {
        long long length;
        comma = memchr(text, ',', (size_t)(end - text));
        if (!read_length(text, comma ? comma : end, &length)) {
            return "a Content-Length that is not a number";
        }
        if (framing->length != NO_LENGTH && framing->length != length) {
            return "different values of Content-Length";
        }
        framing->length = length;
        if (comma != NULL) text = comma + 1;
    } while (comma != NULL);
    return NULL;
}

/* No other coding was asked for. */
static const char *add_coding(struct framing *framing,
                              const struct head_field *field) {
    if (framing->chunked ||
        !is_text(field->value, field->value_length, "chunked")) {
        return "a Transfer-Encoding that is not chunked";
    }
    framing->chunked = true;
    return NULL;
}

/* With blanks behind its name libcurl passes over a field. */
static const char *add_field(struct framing *framing,
                             const struct head_field *field) {
    const char *name = field->name;
    size_t length = field->name_length;
    while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == '\t'))
        length--;
    bool is_length = is_text(name, length, "content-length");
    if (!is_length && !is_text(name, length, "transfer-encoding")) return NULL;
    if (length < field->name_length) return "a blank before a field's colon";
    return is_length ? add_length(framing, field) : add_coding(framing, field);
}

/* What a status rules out; 304 alone may tell the length of another answer. */
static const char *contradiction(const struct framing *framing,
                                 const struct head *head) {
    bool has_length = framing->length != NO_LENGTH;
    if (framing->chunked && has_length) {
        return "a Content-Length beside Transfer-Encoding";
    }
    if (framing->chunked && head->is_http_1_0) {
        return "a Transfer-Encoding in HTTP/1.0";
    }
    if (head->status / 100 == 1 && (framing->chunked || has_length)) {
        return "a body announced by an informational status";
    }
    if (head->status == 204 && (framing->chunked || framing->length > 0)) {
        return "a body announced by a status without one";
    }
    return NULL;
}

const char *framing_problem(const struct head *head) {
    struct framing framing = {NO_LENGTH, false};
    struct head_field field;
    size_t position = 0;
    while (head_next(head, &position, &field)) {
        const char *problem = add_field(&framing, &field);
        if (problem != NULL) return problem;
    }
    return contradiction(&framing, head);
}
