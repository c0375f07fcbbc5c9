/* The Retry-After header (RFC 9110, 10.2.3) as seconds. */
#ifndef TRUTO_RETRY_AFTER_H
#define TRUTO_RETRY_AFTER_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#pragma GCC visibility push(hidden)

/* What no sane server asks for; larger values are cut to it. */
#define RETRY_AFTER_MAX 1e9

/*
 * Reads a value of digits, with a fraction if the server sends one, or an
 * HTTP date, which counts from `now`; a date in the past is 0. False for
 * anything else. The text need not end in a NUL.
 */
bool retry_after_parse(const char *text, size_t length, time_t now,
                       double *seconds);

#pragma GCC visibility pop

#endif
