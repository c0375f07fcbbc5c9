/*
 * Whom truto trusts to say who a server or a proxy is: `ca_file` and nobody
 * else, or the system's store, which is a bundle file, a directory with one
 * file for each authority, or both.
 */
#ifndef TRUTO_AUTHORITIES_H
#define TRUTO_AUTHORITIES_H

#include <stdbool.h>

#include <curl/curl.h>

#pragma GCC visibility push(hidden)

/*
 * Sets what the handle trusts, for servers and for https proxies; ca_file is
 * NULL for the system's store. Of that store the directory alone is asked
 * where libcurl can look up one authority in it: to parse the whole bundle
 * takes 30 ms. Then *bundle_is_left is true, and a certificate that was not
 * accepted must be tried again after authorities_add_bundle.
 */
CURLcode authorities_set(CURL *easy, const char *ca_file, bool *bundle_is_left);

/* Makes the handle trust the bundle beside the directory. */
CURLcode authorities_add_bundle(CURL *easy);

#pragma GCC visibility pop

#endif
