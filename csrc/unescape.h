/* JSON's escapes, read back one character at a time. */
#ifndef TRUTO_UNESCAPE_H
#define TRUTO_UNESCAPE_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* A body is JSON; an error quotes it, a gateway that error, a log line the
 * gateway, a header the line: five. */
#define UNESCAPE_LEVELS 5

struct unescaped {
    char bytes[4]; /* UTF-8 */
    size_t count;  /* of these, at least 1 */
    size_t size;   /* of the text that stands for them */
};

/* What the text, of at least one byte, begins with after `level` rounds of
 * unescaping. A backslash that escapes nothing is one. */
struct unescaped unescape(const char *text, size_t length, int level);

#pragma GCC visibility pop

#endif
