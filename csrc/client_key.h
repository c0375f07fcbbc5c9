/* The file with the key of the client's certificate. */
#ifndef TRUTO_CLIENT_KEY_H
#define TRUTO_CLIENT_KEY_H

#include <stdbool.h>

#include "failure.h"

#pragma GCC visibility push(hidden)

/*
 * Whether the first private key in a PEM file is encrypted, by PKCS #8 or in
 * the traditional way. False for what cannot be read: libcurl will say so.
 */
bool client_key_is_encrypted(const char *path);

/* Notes that its pass phrase is missing, or is not the right one. Returns
 * false. */
bool client_key_refuse(const char *path, bool has_password,
                       struct failure *failure);

#pragma GCC visibility pop

#endif
