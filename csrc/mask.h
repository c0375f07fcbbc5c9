/* Takes secrets out of what a server sent back. */
#ifndef TRUTO_MASK_H
#define TRUTO_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "compat.h"

#pragma GCC visibility push(hidden)

#define MASK_TEXT "[secret]"

/* Secrets shorter than this are too common a text to be looked for. */
#define MASK_MIN_LENGTH 4

/* Whether a secret stands in the text. */
bool mask_finds(const char *text, size_t length, const struct buffer *secrets);

/* Pushes text with every occurrence of a secret replaced by MASK_TEXT.
 * `secrets` holds, for each, a size_t with its length and its bytes. */
void mask_push(lua_State *L, const char *text, size_t length,
               const struct buffer *secrets);

/* Masks all strings, keys included, of the value on top of the stack. */
void mask_value(lua_State *L, const struct buffer *secrets);

#pragma GCC visibility pop

#endif
