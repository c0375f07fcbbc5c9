#include "endpoint.h"

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
    } else {
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

bool endpoint_check_proxy(const char *text, struct failure *failure) {
    if (text == NULL || text[0] == '\0') return true;
    CURLU *url = curl_url();
    if (url == NULL) return failure_out_of_memory(failure);
    CURLUcode parsed =
        curl_url_set(url, CURLUPART_URL, text,
                     CURLU_NON_SUPPORT_SCHEME | CURLU_DEFAULT_SCHEME);
    bool good =
        parsed == CURLUE_OK && is_proxy_scheme(text) && is_authority(url);
    curl_url_cleanup(url);
    if (good) return true;
    if (parsed == CURLUE_OUT_OF_MEMORY) return failure_out_of_memory(failure);
    return failure_set(failure, "setup", "invalid_proxy",
                       "the proxy (option proxy, else HTTPS_PROXY) is not a "
                       "URL as http://host:port; in a user or password, what "
                       "is no letter or digit must be percent-encoded");
}
