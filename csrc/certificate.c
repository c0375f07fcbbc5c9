#include "certificate.h"

#include <stdbool.h>
#include <string.h>

#include "tls_library.h"

/* Other TLS libraries list no extensions, so nothing follows from there. */
CURLcode certificate_keep(CURL *easy) {
    if (!tls_library_is_openssl()) return CURLE_OK;
    return curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

enum certificate_names certificate_names(CURL *easy) {
    struct curl_certinfo *certificates = NULL;
    CURLcode known = curl_easy_getinfo(easy, CURLINFO_CERTINFO, &certificates);
    if (known != CURLE_OK || certificates == NULL ||
        certificates->num_of_certs < 1) {
        /* A kept connection, or plain http to loopback. */
        return CERTIFICATE_NAMED;
    }
    const struct curl_slist *line = certificates->certinfo[0];
    for (; line != NULL; line = line->next) {
        if (starts_with(line->data, "X509v3 Subject Alternative Name:")) {
            return CERTIFICATE_NAMED;
        }
        if (starts_with(line->data, "Cert:")) return CERTIFICATE_NAMELESS;
    }
    return CERTIFICATE_UNREAD; /* libcurl notes "Cert" last */
}
