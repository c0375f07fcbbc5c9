/* What base_url and proxy may be. No I/O. */
#ifndef TRUTO_ENDPOINT_H
#define TRUTO_ENDPOINT_H

#include <stdbool.h>

#include <curl/curl.h>

#include "failure.h"

#pragma GCC visibility push(hidden)

/* Fills an empty URL with a base URL. The scheme as static text, or NULL with
 * the failure noted, which has nothing of the text. */
const char *endpoint_parse(CURLU *url, const char *text,
                           struct failure *failure);

/* NULL and the empty text, for none, are allowed. False with the failure noted,
 * which has nothing of the text: it may hold a password. */
bool endpoint_check_proxy(const char *text, struct failure *failure);

/* A copy that keeps the scope of an IPv6 address, which libcurl's own leaves
 * out in 7.88. NULL when out of memory; the caller owns it. */
CURLU *endpoint_copy(CURLU *url);

/* The number of the interface that the scope of an IPv6 address names; 0: it
 * has none, or there is no such interface. */
unsigned endpoint_scope(CURLU *url);

#pragma GCC visibility pop

#endif
