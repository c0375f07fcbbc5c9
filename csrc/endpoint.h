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

/* NULL, for none, is allowed. False with the failure noted, which has nothing
 * of the text: it may hold a password. */
bool endpoint_check_proxy(const char *text, struct failure *failure);

#pragma GCC visibility pop

#endif
