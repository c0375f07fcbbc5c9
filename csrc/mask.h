/*
 * Takes secrets out of what a server sent back, in whatever form JSON gives
 * them: as they are; escaped up to five times over (`\n`, `\"`, `\u00e9`,
 * with or without ASCII only); without the blanks at their ends; line by line;
 * or cut off behind a beginning that is long enough.
 */
#ifndef TRUTO_MASK_H
#define TRUTO_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "compat.h"

#pragma GCC visibility push(hidden)

#define MASK_TEXT "[secret]"

/* Secrets shorter than this are too common a text to be looked for. */
#define MASK_MIN_LENGTH ((size_t)4)

/* A line of a secret, or its beginning, is looked for from here on. */
#define MASK_PART_LENGTH ((size_t)16)

/* The texts to look for: each a struct mask_part and its bytes, chained by
 * the first byte. */
struct mask {
    struct buffer parts;
    size_t chains[256]; /* where the newest stands, plus 1; 0: none */
};

void mask_init(struct mask *mask, size_t ceiling);

/* Forgets all secrets, wiped; _free gives the memory back too. */
void mask_clear(struct mask *mask);
void mask_free(struct mask *mask);

/* Notes a secret. False, with parts.status set, when it does not fit. */
bool mask_add(struct mask *mask, const char *secret, size_t length);

/* Whether a secret stands in the text. */
bool mask_finds(const struct mask *mask, const char *text, size_t length);

/* Pushes text with every occurrence of a secret replaced by MASK_TEXT; of
 * those that begin at one place, the longest. */
void mask_push(lua_State *L, const struct mask *mask, const char *text,
               size_t length);

/* Masks all strings, keys included, of the value on top of the stack. */
void mask_value(lua_State *L, const struct mask *mask);

#pragma GCC visibility pop

#endif
