/*
 * A base path by number, then the id: it becomes one segment that decodes
 * back to it, for truto and for libcurl's own URLs.
 */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "../../csrc/request.h"
#include "fuzz.h"

static const char *const bases[] = {"/", "", "/v1", "/v1/", "/a%20b/c//"};
static const char marker[] = "/datastore/";

static int digit(char byte) {
    static const char digits[] = "0123456789abcdef";
    const char *found = byte != '\0' ? strchr(digits, byte) : NULL;
    FUZZ_CHECK(found != NULL);
    return (int)(found - digits);
}

static void check_segment(const char *segment, const char *id, size_t length) {
    FUZZ_CHECK(strchr(segment, '/') == NULL);
    FUZZ_CHECK(strcmp(segment, ".") != 0 && strcmp(segment, "..") != 0);
    for (size_t i = 0; i < length; i++) {
        int byte = (unsigned char)*segment;
        FUZZ_CHECK(byte > 0x20 && byte < 0x7f && strchr("?#\\", byte) == NULL);
        if (byte == '%') {
            byte = digit(segment[1]) * 16 + digit(segment[2]);
            segment += 2;
        }
        segment++;
        FUZZ_CHECK(byte == (unsigned char)id[i]);
    }
    FUZZ_CHECK(*segment == '\0');
}

/* What libcurl makes of the path is what truto meant. */
static void check_url(const char *path) {
    char *read_back = NULL, *rest = NULL;
    CURLU *url = curl_url();
    FUZZ_CHECK(curl_url_set(url, CURLUPART_URL, "https://a.test/", 0) == 0);
    FUZZ_CHECK(curl_url_set(url, CURLUPART_PATH, path, 0) == 0);
    FUZZ_CHECK(curl_url_get(url, CURLUPART_PATH, &read_back, 0) == 0);
    FUZZ_CHECK(strcmp(read_back, path) == 0);
    FUZZ_CHECK(curl_url_get(url, CURLUPART_QUERY, &rest, 0) != 0);
    FUZZ_CHECK(curl_url_get(url, CURLUPART_FRAGMENT, &rest, 0) != 0);
    curl_free(read_back);
    curl_url_cleanup(url);
}

static bool may_refuse(const char *id, size_t length) {
    return length == 0 || length > 1024 || memchr(id, '\0', length) != NULL ||
           (length == 1 && id[0] == '.') ||
           (length == 2 && memcmp(id, "..", 2) == 0);
}

/* Stack: [input] -> [input, id]. */
static int run(lua_State *L) {
    static struct request request;
    struct fuzz_input *input = lua_touserdata(L, 1);
    struct failure failure;
    const char *base = bases[fuzz_byte(input) % 5];
    const char *id = (const char *)input->data;
    lua_pushlstring(L, id, input->left);
    struct request_target target = {.route = routes_find("update"),
                                    .base_path = base,
                                    .segments = lua_gettop(L)};
    request_init(&request);
    failure_clear(&failure);
    bool made = request_target(L, &request, &target, &failure);
    FUZZ_CHECK(made != may_refuse(id, input->left));
    FUZZ_CHECK(made != failure_is_set(&failure));
    if (made) {
        const char *path = request.path.data;
        const char *segment = strstr(path, marker);
        FUZZ_CHECK(segment != NULL && path[0] == '/');
        FUZZ_CHECK(strncmp(path, base, (size_t)(segment - path)) == 0);
        check_segment(segment + strlen(marker), id, input->left);
        check_url(path);
    }
    request_free(&request);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size};
    fuzz_call(fuzz_state(), run, &input);
    return 0;
}
