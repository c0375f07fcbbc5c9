/*
 * What bytes look like that stand where a secret belongs: empty, a
 * placeholder, spoilt on their way. One judgement for strings and secrets,
 * wherever they come from. What follows from it, and the words, are Lua's.
 */
#ifndef TRUTO_JUDGE_H
#define TRUTO_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/*
 * Code NULL: nothing to say. The details of each code:
 *   empty_secret         nothing
 *   placeholder_secret   nothing
 *   dirty_secret         utf16, byte_order_mark, quotes, assignment, blanks,
 *                        invisible, control
 *   invalid_private_key  escaped_newlines, no_newlines, quotes, certificate,
 *                        encrypted, cut_off, no_key
 */
struct verdict {
    const char *code;
    const char *detail; /* NULL: none */
};

/* Nothing but blanks, line ends, quotes and what is invisible. */
bool judge_is_empty(const char *bytes, size_t length);

/* Of one that is meant as it is: only whether it is empty. */
struct verdict judge_verbatim(const char *bytes, size_t length);

struct verdict judge_secret(const char *bytes, size_t length);

/* PEM (RFC 7468), as key files have it; what stands around it does no harm. */
struct verdict judge_private_key(const char *bytes, size_t length);

#pragma GCC visibility pop

#endif
