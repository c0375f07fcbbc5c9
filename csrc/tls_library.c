#include "tls_library.h"

#include <stddef.h>
#include <string.h>

#include <curl/curl.h>

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

/* libcurl lists all that it was built with, separated by spaces, such as
 * "OpenSSL/3.0.19" or "(OpenSSL/3.0.19) GnuTLS/3.7.9"; those in parentheses
 * are not in use. */
static bool is_in_use(const char *name) {
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    const char *word = info->ssl_version;
    while (word != NULL) {
        if (starts_with(word, name)) return true;
        word = strchr(word, ' ');
        if (word != NULL) word++;
    }
    return false;
}

bool tls_library_is_openssl(void) {
    static const char *const names[] = {"OpenSSL", "LibreSSL", "BoringSSL",
                                        "quictls", "AWS-LC"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_in_use(names[i])) return true;
    }
    return false;
}

bool tls_library_is_nss(void) {
    return is_in_use("NSS");
}
