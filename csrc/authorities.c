#include "authorities.h"

#include <ctype.h>
#include <dirent.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tls_library.h"

/* Seconds. Longer than that libcurl must not use what it once read of a file:
 * its own default is a day. The number is libcurl's for older headers. */
#define READ_AGAIN_AFTER 300L
#if LIBCURL_VERSION_NUM < 0x075700
#define CURLOPT_CA_CACHE_TIMEOUT ((CURLoption)321)
#endif

/* From this version on, libcurl takes its built-in file or directory where an
 * application has set NULL. */
#define NULL_IS_BUILT_IN 0x081100

/* libcurl's built-in places; NULL: there is none, or it does not tell. */
struct store {
    const char *bundle;
    const char *directory;
};

static struct store system_store(void) {
    struct store store = {NULL, NULL};
#if LIBCURL_VERSION_NUM >= 0x074600
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    if (info->age >= CURLVERSION_SEVENTH) {
        store.bundle = info->cainfo;
        store.directory = info->capath;
    }
#endif
    return store;
}

static bool null_is_built_in(void) {
    return curl_version_info(CURLVERSION_NOW)->version_num >= NULL_IS_BUILT_IN;
}

/* A name that OpenSSL looks for: the hash of the authority's name and a
 * number, such as 1a2b3c4d.0. */
static bool is_hash_link(const char *name) {
    for (int i = 0; i < 8; i++) {
        if (!isxdigit((unsigned char)name[i])) return false;
    }
    return name[8] == '.' && isdigit((unsigned char)name[9]);
}

/* Puts the path of one readable authority of the directory into text. False
 * when there is none: a link may lead nowhere. */
static bool find_authority(const char *path, char *text, size_t size) {
    DIR *directory = opendir(path);
    if (directory == NULL) return false;
    bool found = false;
    const struct dirent *entry;
    while (!found && (entry = readdir(directory)) != NULL) {
        if (!is_hash_link(entry->d_name)) continue;
        int length = snprintf(text, size, "%s/%s", path, entry->d_name);
        found = length > 0 && (size_t)length < size && access(text, R_OK) == 0;
    }
    closedir(directory);
    return found;
}

/* Of a libcurl without these options, such as one that knows no https proxy
 * or no directories, nothing follows: it has no such thing to trust. */
static CURLcode set_optional(CURL *easy, CURLoption option, const char *value) {
    CURLcode result = curl_easy_setopt(easy, option, value);
    if (result == CURLE_UNKNOWN_OPTION || result == CURLE_NOT_BUILT_IN) {
        return CURLE_OK;
    }
    return result;
}

static CURLcode set_file(CURL *easy, const char *file) {
    CURLcode result = curl_easy_setopt(easy, CURLOPT_CAINFO, file);
    if (result != CURLE_OK) return result;
    return set_optional(easy, CURLOPT_PROXY_CAINFO, file);
}

/* A file in the place of the directory is one in which no authority can be.
 * It would keep libcurl from remembering ca_file between connections, so it
 * is set only where it is needed. */
static CURLcode trust_only(CURL *easy, const char *ca_file) {
    const char *directory = null_is_built_in() ? ca_file : NULL;
    CURLcode result = set_file(easy, ca_file);
    if (result == CURLE_OK) {
        result = set_optional(easy, CURLOPT_CAPATH, directory);
    }
    if (result == CURLE_OK) {
        result = set_optional(easy, CURLOPT_PROXY_CAPATH, directory);
    }
    return result;
}

/* Other TLS libraries than OpenSSL read a directory whole, so nothing is saved
 * there; but a bundle that is not there must be left out. Where libcurl does
 * not let it be left out, an authority of the directory stands in for it. */
static CURLcode trust_system(CURL *easy, bool *bundle_is_left) {
    const struct store store = system_store();
    char authority[512];
    bool has_bundle = store.bundle != NULL && access(store.bundle, R_OK) == 0;
    if (store.directory == NULL || (has_bundle && !tls_library_is_openssl()) ||
        !find_authority(store.directory, authority, sizeof authority)) {
        return CURLE_OK; /* libcurl's defaults: all there is */
    }
    *bundle_is_left = has_bundle;
    return set_file(easy, null_is_built_in() ? authority : NULL);
}

CURLcode authorities_set(CURL *easy, const char *ca_file,
                         bool *bundle_is_left) {
    *bundle_is_left = false;
    CURLcode result =
        curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, READ_AGAIN_AFTER);
    if (result != CURLE_OK && result != CURLE_UNKNOWN_OPTION &&
        result != CURLE_NOT_BUILT_IN) {
        return result;
    }
    if (ca_file != NULL) return trust_only(easy, ca_file);
    return trust_system(easy, bundle_is_left);
}

CURLcode authorities_add_bundle(CURL *easy) {
    return set_file(easy, system_store().bundle);
}
