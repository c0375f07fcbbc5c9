#include "response.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <curl/curl.h>

#include "json.h"
#include "mask.h"
#include "retry_after.h"

#define HEADERS_CEILING ((size_t)64 * 1024)
#define HEADER_LINES_MAX 256
#define NAME_SHOWN 128

void response_init(struct response *response, size_t max_body) {
    memset(response, 0, sizeof *response);
    buffer_init(&response->headers, HEADERS_CEILING);
    buffer_init(&response->body, max_body);
}

void response_clear(struct response *response) {
    buffer_clear(&response->headers);
    buffer_clear(&response->body);
    response->status = 0;
    response->header_bytes = 0;
    response->header_lines = 0;
}

void response_free(struct response *response) {
    buffer_free(&response->headers);
    buffer_free(&response->body);
}

bool response_add_header(struct response *response, const char *line,
                         size_t length) {
    response->header_bytes += length;
    response->header_lines++;
    if (response->header_bytes > HEADERS_CEILING ||
        response->header_lines > HEADER_LINES_MAX) {
        response->headers.status = BUFFER_FULL;
        return false;
    }
    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        buffer_clear(&response->headers);
    }
    return buffer_append(&response->headers, line, length);
}

bool response_add_body(struct response *response, const char *bytes,
                       size_t length) {
    return buffer_append(&response->body, bytes, length);
}

static char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Stack: [] -> [name in lower case], which can make a secret of what is
 * none, so both forms are looked at. */
static void push_name(lua_State *L, const char *name, size_t length,
                      const struct buffer *secrets) {
    char text[NAME_SHOWN];
    bool secret = mask_finds(name, length, secrets);
    if (length > sizeof text) length = sizeof text;
    for (size_t i = 0; i < length; i++) text[i] = lower(name[i]);
    if (secret || mask_finds(text, length, secrets)) {
        lua_pushliteral(L, MASK_TEXT);
    } else {
        lua_pushlstring(L, text, length);
    }
}

/* Stack: [headers] -> [headers]. */
static void add_field(lua_State *L, const char *line, size_t length,
                      const struct buffer *secrets) {
    const char *colon = memchr(line, ':', length);
    if (colon == NULL) return; /* the status line, the empty line */
    const char *value = colon + 1, *end = line + length;
    while (value < end && is_blank(*value)) value++;
    while (end > value && is_blank(end[-1])) end--;
    push_name(L, line, (size_t)(colon - line), secrets);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3); /* [headers, name, earlier value or nil] */
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        mask_push(L, value, (size_t)(end - value), secrets);
    } else {
        lua_pushliteral(L, ", ");
        mask_push(L, value, (size_t)(end - value), secrets);
        lua_concat(L, 3);
    }
    lua_rawset(L, -3);
}

void response_push_headers(lua_State *L, const struct response *response,
                           const struct buffer *secrets) {
    const char *line = response->headers.data;
    size_t left = response->headers.length;
    lua_createtable(L, 0, (int)response->header_lines);
    while (left > 0) {
        const char *newline = memchr(line, '\n', left);
        size_t length = newline ? (size_t)(newline - line) + 1 : left;
        add_field(L, line, length, secrets);
        line += length;
        left -= length;
    }
}

/* The first line of that name; *value and *length leave out the blanks. */
static bool find_field(const struct response *response, const char *name,
                       const char **value, size_t *length) {
    if (response->headers.length == 0) return false;
    const char *line = response->headers.data;
    const char *end = line + response->headers.length;
    size_t name_length = strlen(name);
    while (line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline ? newline : end;
        if ((size_t)(stop - line) > name_length &&
            strncasecmp(line, name, name_length) == 0 &&
            line[name_length] == ':') {
            const char *start = line + name_length + 1;
            while (start < stop && is_blank(*start)) start++;
            while (stop > start && is_blank(stop[-1])) stop--;
            *value = start;
            *length = (size_t)(stop - start);
            return true;
        }
        line = stop + 1;
    }
    return false;
}

static time_t answer_time(const struct response *response) {
    const char *value;
    size_t length;
    char date[64];
    if (find_field(response, "date", &value, &length) && length < sizeof date) {
        memcpy(date, value, length);
        date[length] = '\0';
        time_t then = curl_getdate(date, NULL);
        if (then != (time_t)-1) return then;
    }
    return time(NULL);
}

bool response_retry_after(const struct response *response, double *seconds) {
    const char *value;
    size_t length;
    return find_field(response, "retry-after", &value, &length) &&
           retry_after_parse(value, length, answer_time(response), seconds);
}

static const struct {
    long status;
    const char *code;
    const char *text;
} statuses[] = {
    {400, "bad_request", "Bad Request"},
    {401, "unauthorized", "Unauthorized"},
    {402, "payment_required", "Payment Required"},
    {403, "forbidden", "Forbidden"},
    {404, "not_found", "Not Found"},
    {405, "method_not_allowed", "Method Not Allowed"},
    {408, "request_timeout", "Request Timeout"},
    {409, "conflict", "Conflict"},
    {410, "gone", "Gone"},
    {413, "payload_too_large", "Payload Too Large"},
    {415, "unsupported_media_type", "Unsupported Media Type"},
    {422, "unprocessable_entity", "Unprocessable Entity"},
    {425, "too_early", "Too Early"},
    {429, "rate_limited", "Too Many Requests"},
    {500, "server_error", "Internal Server Error"},
    {502, "bad_gateway", "Bad Gateway"},
    {503, "unavailable", "Service Unavailable"},
    {504, "gateway_timeout", "Gateway Timeout"},
    /* The first of a class serves the rest of it. */
    {300, "redirect", "Redirect"},
    {400, "client_error", "Client Error"},
    {500, "server_error", "Server Error"},
};

#define STATUSES (sizeof statuses / sizeof statuses[0])

static size_t find_status(long status) {
    for (size_t i = 0; i < STATUSES - 3; i++) {
        if (statuses[i].status == status) return i;
    }
    if (status < 400) return STATUSES - 3;
    return status < 500 ? STATUSES - 2 : STATUSES - 1;
}

/* An answer 5xx can come from a gateway behind which the update went on. */
static const char *outcome_of(long status) {
    return status >= 300 && status < 500 ? "rejected" : "unknown";
}

static void set_text(lua_State *L, const char *key, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

/* Stack: [] -> [error], with status and outcome. */
static void push_error(lua_State *L, const struct response *response,
                       const char *kind, const char *code,
                       const char *outcome) {
    lua_createtable(L, 0, 12);
    set_text(L, "kind", kind);
    set_text(L, "code", code);
    set_text(L, "outcome", outcome);
    lua_pushinteger(L, (lua_Integer)response->status);
    lua_setfield(L, -2, "status");
}

/* Stack: [error, api or nil] -> same. The text of one member, or NULL. */
static const char *api_text(lua_State *L, const char *member) {
    if (lua_type(L, -1) != LUA_TTABLE) return NULL;
    lua_pushstring(L, member);
    lua_rawget(L, -2);
    const char *text = NULL;
    if (lua_type(L, -1) == LUA_TSTRING) {
        size_t length;
        text = lua_tolstring(L, -1, &length);
        if (length == 0) text = NULL;
    }
    lua_pop(L, 1); /* the api table still holds the string */
    return text;
}

/* Stack: [error] -> [error]; false when there is no Location. */
static bool redirect_message(lua_State *L, const struct response *response,
                             const struct buffer *secrets) {
    response_push_headers(L, response, secrets);
    lua_getfield(L, -1, "location");
    bool found = lua_type(L, -1) == LUA_TSTRING;
    if (found) {
        lua_pushfstring(L,
                        "HTTP %d redirect to %s was not followed, since "
                        "the body holds secrets; if the service has "
                        "moved, set base_url",
                        (int)response->status, lua_tostring(L, -1));
        lua_setfield(L, -4, "message");
    }
    lua_pop(L, 2);
    return found;
}

/* Stack: [error, api or nil] -> same, with error.message set. */
static void set_message(lua_State *L, const struct response *response,
                        size_t known) {
    const char *text = api_text(L, "message");
    if (text == NULL) text = api_text(L, "error");
    if (text != NULL) {
        lua_pushstring(L, text);
    } else {
        lua_pushfstring(L, "HTTP %d %s, without a message from the API",
                        (int)response->status, statuses[known].text);
    }
    lua_setfield(L, -3, "message");
}

/* Stack: [] -> [error] of kind "api". */
static void push_api_error(lua_State *L, const struct response *response,
                           const struct buffer *secrets) {
    size_t known = find_status(response->status);
    push_error(L, response, "api", statuses[known].code,
               outcome_of(response->status));
    if (json_read(L, response->body.data, response->body.length)) {
        mask_value(L, secrets);
    } else {
        lua_pushnil(L);
    }
    set_message(L, response, known);
    if (lua_type(L, -1) == LUA_TTABLE) lua_setfield(L, -2, "api");
    else lua_pop(L, 1);
    if (response->status < 400) redirect_message(L, response, secrets);
}

/* lua-cjson makes a table of `[]` as well. */
static bool is_object(const struct buffer *body) {
    size_t i = 0;
    while (i < body->length && is_blank(body->data[i])) i++;
    return i < body->length && body->data[i] == '{';
}

/* Stack: [] -> [error] of kind "response". */
static void push_not_an_object(lua_State *L, const struct response *response) {
    push_error(L, response, "response", "not_json_object", "unknown");
    lua_pushfstring(L,
                    "HTTP %d came with %d bytes that are not one JSON "
                    "object; the update may have been applied",
                    (int)response->status, (int)response->body.length);
    lua_setfield(L, -2, "message");
}

bool response_push(lua_State *L, const struct response *response,
                   const struct buffer *secrets) {
    if (response->status < 200 || response->status > 299) {
        push_api_error(L, response, secrets);
        return false;
    }
    if (is_object(&response->body) &&
        json_read(L, response->body.data, response->body.length)) {
        return true;
    }
    push_not_an_object(L, response);
    return false;
}
