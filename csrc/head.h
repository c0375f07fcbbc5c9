/*
 * The heads of an answer: status lines, fields, and what these say about
 * where the body ends. No I/O, no Lua; nothing here trusts the server.
 */
#ifndef TRUTO_HEAD_H
#define TRUTO_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

#pragma GCC visibility push(hidden)

enum head_place {
    HEAD_BEFORE, /* a status line comes next */
    HEAD_FIELDS, /* a field, or the empty line */
    HEAD_WHOLE,  /* all that comes is trailers */
};

struct head {
    struct buffer fields; /* of the newest head, a line each, unfolded */
    size_t bytes;         /* of all lines, those of 1xx and trailers too */
    size_t lines;
    enum head_place place;
    int status; /* of the newest head; 0: not known */
    bool is_http_1_0;
    const char *problem; /* why the head cannot be used; NULL: it can */
    bool is_malformed;   /* the problem is of its lines, not of the framing */
};

void head_init(struct head *head);
void head_clear(struct head *head);
void head_free(struct head *head);

/*
 * Takes the next line, with its end, as libcurl gives it. Trailers are left
 * out. False when a ceiling or memory stops it (see fields.status), with a
 * problem, and when the server goes on in another protocol (101): the
 * connection is of no use then.
 */
bool head_add_line(struct head *head, const char *line, size_t length);

struct head_field {
    const char *name;
    size_t name_length;
    const char *value; /* without the blanks around it */
    size_t value_length;
};

/* The next field, from *position, which begins as 0. */
bool head_next(const struct head *head, size_t *position,
               struct head_field *field);

/* The first field with that name, which is in lower case. */
bool head_find(const struct head *head, const char *name,
               struct head_field *field);

/* In ASCII, whatever the locale is. */
char head_lower(char byte);

#pragma GCC visibility pop

#endif
