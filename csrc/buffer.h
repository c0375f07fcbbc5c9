/*
 * A growing run of bytes with a ceiling. What it held is wiped whenever it
 * is moved, cleared or freed, since requests and answers carry secrets.
 */
#ifndef TRUTO_BUFFER_H
#define TRUTO_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

enum buffer_status { BUFFER_OK, BUFFER_FULL, BUFFER_NO_MEMORY };

struct buffer {
    char *data;
    size_t length;
    size_t capacity;
    size_t ceiling;
    enum buffer_status status; /* the first failure sticks until cleared */
};

/* A zeroed buffer plus a ceiling is an empty one; nothing is allocated. */
void buffer_init(struct buffer *buffer, size_t ceiling);

/* False when the ceiling or memory stopped it; nothing was added then. */
bool buffer_append(struct buffer *buffer, const void *bytes, size_t length);
bool buffer_append_text(struct buffer *buffer, const char *text);
bool buffer_append_byte(struct buffer *buffer, char byte);

/* Room for at least one byte, at best for `wanted`: *size tells. What is
 * written there counts once buffer_grew was told. NULL when the ceiling or
 * memory stopped it. */
char *buffer_room(struct buffer *buffer, size_t wanted, size_t *size);
void buffer_grew(struct buffer *buffer, size_t length);

/* Wipes what stands from length on. */
void buffer_truncate(struct buffer *buffer, size_t length);

/* Empties it and forgets a failure; a small allocation is kept. */
void buffer_clear(struct buffer *buffer);

/* Gives the memory back; the ceiling stays. May be called twice. */
void buffer_free(struct buffer *buffer);

#pragma GCC visibility pop

#endif
