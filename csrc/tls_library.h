/* Which TLS library libcurl uses: what each leaves to us differs. */
#ifndef TRUTO_TLS_LIBRARY_H
#define TRUTO_TLS_LIBRARY_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* True for OpenSSL and its descendants. */
bool tls_library_is_openssl(void);

/* True for NSS, with which truto refuses to work: it keeps what it once read
 * of an authority's file for the life of the process. */
bool tls_library_is_nss(void);

#pragma GCC visibility pop

#endif
