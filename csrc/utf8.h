#ifndef TRUTO_UTF8_H
#define TRUTO_UTF8_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Length of the UTF-8 sequence (RFC 3629) at the start of `bytes`, or 0: no
 * overlong forms, no surrogates, nothing above U+10FFFF. */
size_t utf8_sequence(const unsigned char *bytes, size_t length);

#pragma GCC visibility pop

#endif
