#include "buffer.h"

#include <string.h>

#include "system.h"

/* A cleared buffer keeps up to this much for the next call. */
#define KEPT_CAPACITY ((size_t)64 * 1024)
#define FIRST_CAPACITY ((size_t)512)

void buffer_init(struct buffer *buffer, size_t ceiling) {
    memset(buffer, 0, sizeof *buffer);
    buffer->ceiling = ceiling;
}

/* realloc would leave a copy of the old bytes behind, so it is not used. */
static bool grow(struct buffer *buffer, size_t needed) {
    size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed) capacity *= 2;
    char *data = system_allocate(capacity);
    if (data == NULL) {
        buffer->status = BUFFER_NO_MEMORY;
        return false;
    }
    if (buffer->length > 0) memcpy(data, buffer->data, buffer->length);
    system_free_wiped(buffer->data, buffer->length);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

static bool reserve(struct buffer *buffer, size_t length) {
    if (buffer->status != BUFFER_OK) return false;
    if (length > buffer->ceiling - buffer->length) {
        buffer->status = BUFFER_FULL;
        return false;
    }
    return length <= buffer->capacity - buffer->length ||
           grow(buffer, buffer->length + length);
}

char *buffer_room(struct buffer *buffer, size_t wanted, size_t *size) {
    size_t left = buffer->ceiling - buffer->length;
    *size = wanted < left || left == 0 ? wanted : left;
    return reserve(buffer, *size) ? buffer->data + buffer->length : NULL;
}

void buffer_grew(struct buffer *buffer, size_t length) {
    buffer->length += length;
}

bool buffer_append(struct buffer *buffer, const void *bytes, size_t length) {
    if (!reserve(buffer, length)) return false;
    if (length > 0) memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    return true;
}

bool buffer_append_text(struct buffer *buffer, const char *text) {
    return buffer_append(buffer, text, strlen(text));
}

bool buffer_append_byte(struct buffer *buffer, char byte) {
    return buffer_append(buffer, &byte, 1);
}

void buffer_truncate(struct buffer *buffer, size_t length) {
    if (length >= buffer->length) return;
    system_wipe(buffer->data + length, buffer->length - length);
    buffer->length = length;
}

void buffer_clear(struct buffer *buffer) {
    if (buffer->capacity > KEPT_CAPACITY) {
        buffer_free(buffer);
        return;
    }
    buffer_truncate(buffer, 0);
    buffer->status = BUFFER_OK;
}

void buffer_free(struct buffer *buffer) {
    char *data = buffer->data;
    size_t length = buffer->length;
    buffer_init(buffer, buffer->ceiling);
    system_free_wiped(data, length);
}
