#include "request.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "json.h"
#include "secret.h"

#define BODY_CEILING ((size_t)8 * 1024 * 1024)
#define KEYS_CEILING ((size_t)65536 * JSON_KEY_SIZE)
#define HEADERS_CEILING ((size_t)64 * 1024)
#define PATH_CEILING ((size_t)16 * 1024)

void request_init(struct request *request) {
    memset(request, 0, sizeof *request);
    buffer_init(&request->path, PATH_CEILING);
    buffer_init(&request->query, PATH_CEILING);
    buffer_init(&request->shown, PATH_CEILING);
    buffer_init(&request->body, BODY_CEILING);
    mask_init(&request->secrets, BODY_CEILING);
    buffer_init(&request->keys, KEYS_CEILING);
    buffer_init(&request->header_text, HEADERS_CEILING);
}

void request_clear(struct request *request) {
    buffer_clear(&request->path);
    buffer_clear(&request->query);
    buffer_clear(&request->shown);
    buffer_clear(&request->body);
    mask_clear(&request->secrets);
    buffer_clear(&request->keys);
    buffer_clear(&request->header_text);
}

void request_free(struct request *request) {
    buffer_free(&request->path);
    buffer_free(&request->query);
    buffer_free(&request->shown);
    buffer_free(&request->body);
    mask_free(&request->secrets);
    buffer_free(&request->keys);
    buffer_free(&request->header_text);
}

static bool read_text(lua_State *L, int index, const char **bytes,
                      size_t *length, const char *what,
                      struct failure *failure) {
    const struct secret *secret = secret_test(L, index);
    if (secret == NULL) {
        *bytes = lua_tolstring(L, index, length);
        return true;
    }
    if (secret_bytes(secret, bytes, length)) return true;
    return failure_set(failure, "setup", "secret_unread",
                       "the %s's secret was not read yet", what);
}

/* RFC 6750 has fewer, but no service's tokens have more. */
static bool is_visible_ascii(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] < 0x21 || bytes[i] > 0x7e) return false;
    }
    return true;
}

static bool authorization(lua_State *L, struct request *request, int token,
                          struct failure *failure) {
    const char *bytes = "";
    size_t length = 0;
    if (!read_text(L, token, &bytes, &length, "token", failure)) return false;
    if (length == 0) {
        return failure_set(failure, "setup", "missing_token",
                           "the API token is empty");
    }
    if (!is_visible_ascii(bytes, length)) {
        return failure_set(failure, "setup", "invalid_token",
                           "the API token has a space, a control character "
                           "or a byte outside ASCII: check where it was "
                           "read from");
    }
    struct buffer *text = &request->header_text;
    buffer_append_text(text, "Authorization: Bearer ");
    buffer_append(text, bytes, length);
    buffer_append_byte(text, '\0');
    if (mask_add(&request->secrets, bytes, length) &&
        text->status == BUFFER_OK) {
        return true;
    }
    if (text->status == BUFFER_FULL) {
        return failure_set(failure, "setup", "invalid_token",
                           "the API token is too long for a header");
    }
    return failure_out_of_memory(failure);
}

/* Headers that truto or libcurl must set themselves. */
static const char *const reserved[] = {
    "authorization",    "accept",
    "connection",       "content-encoding",
    "content-length",   "content-type",
    "expect",           "host",
    "keep-alive",       "proxy-authorization",
    "proxy-connection", "te",
    "trailer",          "transfer-encoding",
    "upgrade",          "user-agent",
};

static bool is_reserved(const char *name) {
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcasecmp(name, reserved[i]) == 0) return true;
    }
    return false;
}

static bool is_token(const char *name, size_t length) {
    if (length == 0) return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)name[i];
        if (!request_is_unreserved(byte) &&
            (byte == '\0' || strchr("!#$%&'*+^`|", byte) == NULL)) {
            return false;
        }
    }
    return true;
}

static bool has_control(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return true;
    }
    return false;
}

static bool refuse_header(struct failure *failure, const char *name,
                          const char *code, const char *message) {
    failure_set(failure, "validation", code, "%s", message);
    (void)snprintf(failure->path, sizeof failure->path, "headers%s%.100s",
                   name[0] == '\0' ? "" : ".", name);
    return false;
}

static const char *name_problem(lua_State *L, int index) {
    size_t length;
    if (lua_type(L, index) != LUA_TSTRING) return "a header name is no string";
    const char *name = lua_tolstring(L, index, &length);
    if (!is_token(name, length)) {
        return "a header name has a character that HTTP does not allow";
    }
    return NULL;
}

/* "Name: value"; libcurl wants "Name;" for an empty value. */
static bool append_header(struct request *request, const char *name,
                          const char *value, size_t length,
                          struct failure *failure) {
    struct buffer *text = &request->header_text;
    buffer_append_text(text, name);
    buffer_append_text(text, length == 0 ? ";" : ": ");
    buffer_append(text, value, length);
    buffer_append_byte(text, '\0');
    if (text->status == BUFFER_OK) return true;
    if (text->status == BUFFER_NO_MEMORY) return failure_out_of_memory(failure);
    return refuse_header(failure, "", "too_large",
                         "all headers together are larger than 64 KiB");
}

/* Stack: [..., name, value] -> same. */
static bool add_header(lua_State *L, struct request *request,
                       struct failure *failure) {
    int value_index = lua_gettop(L);
    const char *problem = name_problem(L, -2);
    if (problem != NULL) {
        return refuse_header(failure, "", "invalid_header", problem);
    }
    const char *name = lua_tostring(L, -2), *value = "";
    if (is_reserved(name)) {
        return refuse_header(failure, name, "reserved_header",
                             "this header is set by truto and cannot be "
                             "replaced");
    }
    struct secret *secret = secret_test(L, -1);
    if (secret == NULL && lua_type(L, -1) != LUA_TSTRING) {
        return refuse_header(failure, name, "type_mismatch",
                             "the value must be a string or a secret");
    }
    size_t length = 0;
    if (!read_text(L, value_index, &value, &length, "header", failure)) {
        return false;
    }
    if (has_control(value, length)) {
        return refuse_header(failure, name, "invalid_header",
                             "the value has a control character");
    }
    if (secret != NULL && !mask_add(&request->secrets, value, length)) {
        return failure_out_of_memory(failure);
    }
    return append_header(request, name, value, length, failure);
}

static bool add_headers(lua_State *L, struct request *request, int headers,
                        size_t *count, struct failure *failure) {
    int top = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, headers)) {
        if (*count == REQUEST_MAX_HEADERS) {
            refuse_header(failure, "", "too_large",
                          "there are more than 64 headers");
        } else if (add_header(L, request, failure)) {
            ++*count;
            lua_pop(L, 1);
            continue;
        }
        lua_settop(L, top);
        return false;
    }
    return true;
}

/* Only now, since header_text moves while it grows. */
static void link_headers(struct request *request, size_t count) {
    char *line = request->header_text.data;
    for (size_t i = 0; i < count; i++) {
        request->headers[i].data = line;
        request->headers[i].next =
            i + 1 < count ? &request->headers[i + 1] : NULL;
        line += strlen(line) + 1;
    }
}

/* A header without a value is one that libcurl must not send. */
static bool fixed_headers(struct request *request, bool has_body) {
    static const char fixed[] = "Accept: application/json\0Expect:";
    struct buffer *text = &request->header_text;
    buffer_append_text(text, "Content-Type:");
    if (has_body) buffer_append_text(text, " application/json");
    buffer_append_byte(text, '\0');
    return buffer_append(text, fixed, sizeof fixed);
}

bool request_headers(lua_State *L, struct request *request,
                     const struct request_header_sources *sources,
                     struct failure *failure) {
    size_t count = 0;
    if (!authorization(L, request, sources->token, failure)) return false;
    if (!fixed_headers(request, sources->has_body)) {
        return failure_out_of_memory(failure);
    }
    int headers = sources->headers;
    if (headers != 0 && !add_headers(L, request, headers, &count, failure)) {
        return false;
    }
    link_headers(request, REQUEST_FIXED_HEADERS + count);
    return true;
}

bool request_body(lua_State *L, struct request *request, int body, int names,
                  struct failure *failure) {
    struct json_writer writer = {.output = &request->body,
                                 .keys = &request->keys,
                                 .secrets = &request->secrets,
                                 .names = names,
                                 .failure = failure};
    return json_write(L, body, &writer);
}
