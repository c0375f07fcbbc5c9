#include "head.h"

#include <string.h>

#include "framing.h"

#define CEILING ((size_t)64 * 1024)
#define LINES_MAX 256

void head_init(struct head *head) {
    memset(head, 0, sizeof *head);
    buffer_init(&head->fields, CEILING);
}

void head_clear(struct head *head) {
    struct buffer fields = head->fields;
    buffer_clear(&fields);
    memset(head, 0, sizeof *head);
    head->fields = fields;
}

void head_free(struct head *head) {
    buffer_free(&head->fields);
}

char head_lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static const char *skip_blanks(const char *text, const char *end) {
    while (text < end && is_blank(*text)) text++;
    return text;
}

static const char *cut_blanks(const char *text, const char *end) {
    while (end > text && is_blank(end[-1])) end--;
    return end;
}

/* "HTTP/1.1 200 OK"; libcurl takes no line for it that begins otherwise. */
static void read_status_line(struct head *head, const char *line,
                             size_t length) {
    const char *end = line + length;
    const char *space = memchr(line, ' ', length);
    head->is_http_1_0 = length > 8 && memcmp(line, "HTTP/1.0", 8) == 0;
    head->status = 0;
    if (space == NULL) return;
    const char *code = skip_blanks(space, end);
    if (end - code < 3) return;
    for (int i = 0; i < 3; i++) {
        if (!is_digit(code[i])) return;
    }
    head->status =
        (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

static bool refuse_line(struct head *head, const char *problem) {
    head->problem = problem;
    head->is_malformed = true;
    return false;
}

/* The line goes on with the value of the field before it (RFC 9112, 5.2). */
static bool unfold(struct head *head, const char *line, size_t length) {
    struct buffer *fields = &head->fields;
    const char *end = line + length, *text = skip_blanks(line, end);
    if (fields->length == 0) {
        return refuse_line(head, "a blank before the first field");
    }
    const char *kept = cut_blanks(fields->data, fields->data + fields->length);
    buffer_truncate(fields, (size_t)(kept - fields->data));
    return buffer_append_byte(fields, ' ') &&
           buffer_append(fields, text, (size_t)(end - text)) &&
           (text < end || buffer_append_byte(fields, '\n'));
}

/* Versions of libcurl differ in what of this they let pass. */
static bool add_field(struct head *head, const char *line, size_t length) {
    bool is_folded = line[0] == ' ' || line[0] == '\t';
    const char *carriage_return = memchr(line, '\r', length);
    if (memchr(line, '\0', length) != NULL) {
        return refuse_line(head, "a NUL");
    }
    if (carriage_return != NULL &&
        (size_t)(carriage_return - line) + 2 < length) {
        return refuse_line(head, "a carriage return in a field");
    }
    if (is_folded) return unfold(head, line, length);
    if (memchr(line, ':', length) == NULL) {
        return refuse_line(head, "a field without a colon");
    }
    return buffer_append(&head->fields, line, length);
}

/* At the empty line. An informational answer is followed by another head. */
static bool end_head(struct head *head) {
    head->problem = framing_problem(head);
    if (head->problem != NULL) return false;
    bool informational = head->status / 100 == 1 && head->status != 101;
    head->place = informational ? HEAD_BEFORE : HEAD_WHOLE;
    return head->status != 101;
}

bool head_add_line(struct head *head, const char *line, size_t length) {
    head->bytes += length;
    head->lines++;
    if (head->bytes > CEILING || head->lines > LINES_MAX) {
        head->fields.status = BUFFER_FULL;
        return false;
    }
    switch (head->place) {
    case HEAD_BEFORE:
        buffer_clear(&head->fields);
        read_status_line(head, line, length);
        head->place = HEAD_FIELDS;
        return true;
    case HEAD_FIELDS:
        if (length == 0) return true;
        if (line[0] == '\r' || line[0] == '\n') return end_head(head);
        return add_field(head, line, length);
    case HEAD_WHOLE: break;
    }
    return true;
}

bool head_next(const struct head *head, size_t *position,
               struct head_field *field) {
    const char *line = head->fields.data;
    while (*position < head->fields.length) {
        size_t left = head->fields.length - *position;
        const char *start = line + *position;
        const char *newline = memchr(start, '\n', left);
        const char *end = newline ? newline : start + left;
        const char *colon = memchr(start, ':', (size_t)(end - start));
        *position += (size_t)(end - start) + (newline != NULL);
        if (colon == NULL) continue;
        field->name = start;
        field->name_length = (size_t)(colon - start);
        field->value = skip_blanks(colon + 1, end);
        field->value_length =
            (size_t)(cut_blanks(field->value, end) - field->value);
        return true;
    }
    return false;
}

static bool has_name(const struct head_field *field, const char *name) {
    if (strlen(name) != field->name_length) return false;
    for (size_t i = 0; i < field->name_length; i++) {
        if (head_lower(field->name[i]) != name[i]) return false;
    }
    return true;
}

bool head_find(const struct head *head, const char *name,
               struct head_field *field) {
    size_t position = 0;
    while (head_next(head, &position, field)) {
        if (has_name(field, name)) return true;
    }
    return false;
}
