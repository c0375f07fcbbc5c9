/* What libcurl leaves unchecked of a server's certificate. */
#ifndef TRUTO_CERTIFICATE_H
#define TRUTO_CERTIFICATE_H

#include <curl/curl.h>

#pragma GCC visibility push(hidden)

/* Asks libcurl to keep the certificates of new connections, where its TLS
 * library tells their alternative names (OpenSSL and its kin). */
CURLcode certificate_keep(CURL *easy);

/*
 * NAMELESS when the connection is new and its certificate is known to have no
 * subject alternative name: libcurl then takes the common name for the host,
 * which RFC 6125 has ended. UNREAD when memory ended before libcurl had noted
 * all of it.
 */
enum certificate_names {
    CERTIFICATE_NAMED,
    CERTIFICATE_NAMELESS,
    CERTIFICATE_UNREAD
};
enum certificate_names certificate_names(CURL *easy);

#pragma GCC visibility pop

#endif
