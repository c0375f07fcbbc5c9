#include "endpoint.h"

#include <locale.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_loopback(const char *host) {
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 &&
            host[strspn(host, "0123456789.")] == '\0');
}

static const char *scheme_problem(const char *scheme, const char *host) {
    if (strcmp(scheme, "https") == 0) return NULL;
    if (strcmp(scheme, "http") != 0) {
        return "base_url must be an https URL";
    }
    if (is_loopback(host)) return NULL;
    return "base_url is plain http: the token would be readable on the way; "
           "use https (http is for loopback only)";
}

/* Also when memory runs out: what cannot be looked at is not passed. */
static bool has_part(CURLU *url, CURLUPart part) {
    char *text = NULL;
    CURLUcode result = curl_url_get(url, part, &text, 0);
    curl_free(text);
    return result == CURLUE_OK || result == CURLUE_OUT_OF_MEMORY;
}

static const char *part_problem(CURLU *url) {
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD)) {
        return "base_url must not hold a user or password";
    }
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT)) {
        return "base_url must have no query and no fragment";
    }
    return NULL;
}

static bool is_ascii(const char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text > 0x7f) return false;
    }
    return true;
}

/* The host as DNS has it, or NULL when libcurl cannot say; curl_free. libcurl
 * reads it in the encoding of the locale: for this thread, that is UTF-8. */
static char *ascii_host(CURLU *url) {
    char *host = NULL;
#if LIBCURL_VERSION_NUM >= 0x075800
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (utf8 == (locale_t)0) return NULL;
    locale_t before = uselocale(utf8);
    if (curl_url_get(url, CURLUPART_HOST, &host, CURLU_PUNYCODE) != CURLUE_OK) {
        host = NULL;
    }
    uselocale(before);
    freelocale(utf8);
#else
    (void)url;
#endif
    return host;
}

/* Without its ASCII form a name would resolve in some locales only. */
static bool check_host(CURLU *url, const char *host, const char *what,
                       const char *code, struct failure *failure) {
    if (is_ascii(host)) return true;
    char *ascii = ascii_host(url);
    if (ascii != NULL && is_ascii(ascii)) {
        failure_set(failure, "setup", code,
                    "the host of %s is not ASCII: write it as %s", what, ascii);
    } else {
        failure_set(failure, "setup", code,
                    "the host of %s is not ASCII: write it as DNS has it, "
                    "each such part with xn-- (idn2 NAME prints it)",
                    what);
    }
    curl_free(ascii);
    return false;
}

/* Empty text where the URL lacks the part; NULL when out of memory. */
static char *get_part(CURLU *url, CURLUPart part, char **held) {
    static char nothing[] = "";
    CURLUcode result = curl_url_get(url, part, held, 0);
    if (result == CURLUE_OUT_OF_MEMORY) return NULL;
    return result == CURLUE_OK ? *held : nothing;
}

/* The scheme as static text, or NULL with the failure noted. */
static const char *check_scheme(CURLU *url, struct failure *failure) {
    char *held_scheme = NULL, *held_host = NULL;
    const char *scheme = get_part(url, CURLUPART_SCHEME, &held_scheme);
    const char *host = get_part(url, CURLUPART_HOST, &held_host);
    const char *result = NULL, *problem;
    if (scheme == NULL || host == NULL) {
        failure_out_of_memory(failure);
    } else if ((problem = scheme_problem(scheme, host)) != NULL) {
        failure_set(failure, "setup", "invalid_base_url", "%s", problem);
    } else if (check_host(url, host, "base_url", "invalid_base_url", failure)) {
        result = strcmp(scheme, "http") == 0 ? "http" : "https";
    }
    curl_free(held_scheme);
    curl_free(held_host);
    return result;
}

const char *endpoint_parse(CURLU *url, const char *text,
                           struct failure *failure) {
    CURLUcode parsed =
        curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
    const char *problem = parsed == CURLUE_OK
                              ? part_problem(url)
                              : "base_url is not an absolute URL, as "
                                "https://api.truto.one";
    if (parsed == CURLUE_OUT_OF_MEMORY) {
        failure_out_of_memory(failure);
        return NULL;
    }
    if (problem != NULL) {
        failure_set(failure, "setup", "invalid_base_url", "%s", problem);
        return NULL;
    }
    return check_scheme(url, failure);
}

static bool is_proxy_scheme(const char *text) {
    static const char *const schemes[] = {"http://",   "https://",
                                          "socks4://", "socks4a://",
                                          "socks5://", "socks5h://"};
    if (strstr(text, "://") == NULL) return true;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0) return true;
    }
    return false;
}

/* More than an authority is a password with a `/`, `?` or `#` in it. */
static bool is_authority(CURLU *url) {
    char *path = NULL, *host = NULL;
    bool plain = curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK &&
                 strcmp(path, "/") == 0 &&
                 curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                 strchr(host, '@') == NULL; /* older libcurl lets it pass */
    curl_free(path);
    curl_free(host);
    return plain && !has_part(url, CURLUPART_QUERY) &&
           !has_part(url, CURLUPART_FRAGMENT);
}

/* Of a proxy that is a URL; also false when out of memory. */
static bool check_proxy_host(CURLU *url, struct failure *failure) {
    char *host = NULL;
    bool good =
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK
            ? check_host(url, host, "the proxy", "invalid_proxy", failure)
            : failure_out_of_memory(failure);
    curl_free(host);
    return good;
}

bool endpoint_check_proxy(const char *text, struct failure *failure) {
    if (text == NULL || text[0] == '\0') return true;
    CURLU *url = curl_url();
    if (url == NULL) return failure_out_of_memory(failure);
    CURLUcode parsed =
        curl_url_set(url, CURLUPART_URL, text,
                     CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME);
    bool is_url =
        parsed == CURLUE_OK && is_proxy_scheme(text) && is_authority(url);
    bool good = is_url && check_proxy_host(url, failure);
    curl_url_cleanup(url);
    if (is_url) return good;
    if (parsed == CURLUE_OUT_OF_MEMORY) return failure_out_of_memory(failure);
    return failure_set(failure, "setup", "invalid_proxy",
                       "the proxy (option proxy, else HTTPS_PROXY) is not a "
                       "URL as http://host:port; in a user or password, what "
                       "is no letter or digit must be percent-encoded");
}

CURLU *endpoint_copy(CURLU *url) {
    char *scope = NULL;
    CURLU *copy = curl_url_dup(url);
    CURLUcode has_scope = curl_url_get(url, CURLUPART_ZONEID, &scope, 0);
    if (copy != NULL && has_scope == CURLUE_OK) {
        has_scope = curl_url_set(copy, CURLUPART_ZONEID, scope, 0);
    }
    curl_free(scope);
    if (has_scope != CURLUE_OUT_OF_MEMORY) return copy;
    curl_url_cleanup(copy);
    return NULL;
}

unsigned endpoint_scope(CURLU *url) {
    char *scope = NULL, *end = NULL;
    if (curl_url_get(url, CURLUPART_ZONEID, &scope, 0) != CURLUE_OK) return 0;
    unsigned long number = strtoul(scope, &end, 10);
    if (*end != '\0') number = if_nametoindex(scope);
    curl_free(scope);
    return (unsigned)number;
}
