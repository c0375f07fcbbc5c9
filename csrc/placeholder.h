/* Texts that stand for a secret instead of being one. */
#ifndef TRUTO_PLACEHOLDER_H
#define TRUTO_PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Whether all of a text, without blanks around, is a mask (`****`), one of
 * the forms in which services show the ends of a key (`sk-****1234`), a name
 * in brackets or of a variable (`<your_api_key>`, `${KEY}`), or what programs
 * print for nothing at all (`null`, `table: 0x5581`). Passwords that only
 * have something of that (`p***word`, `(pass)`) are none. */
bool placeholder_is(const char *text, size_t length);

#pragma GCC visibility pop

#endif
