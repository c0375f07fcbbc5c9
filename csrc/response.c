#include "response.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include "json.h"
#include "mask.h"
#include "retry_after.h"

#define NAME_SHOWN 128

void response_init(struct response *response, size_t max_body) {
    memset(response, 0, sizeof *response);
    head_init(&response->head);
    buffer_init(&response->body, max_body);
}

void response_clear(struct response *response) {
    head_clear(&response->head);
    buffer_clear(&response->body);
    response->status = 0;
}

void response_free(struct response *response) {
    head_free(&response->head);
    buffer_free(&response->body);
}

bool response_add_body(struct response *response, const char *bytes,
                       size_t length) {
    return buffer_append(&response->body, bytes, length);
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Stack: [] -> [name in lower case], which can make a secret of what is
 * none, so both forms are looked at. */
static void push_name(lua_State *L, const char *name, size_t length,
                      const struct mask *secrets) {
    char text[NAME_SHOWN];
    bool secret = mask_finds(secrets, name, length);
    if (length > sizeof text) length = sizeof text;
    for (size_t i = 0; i < length; i++) text[i] = head_lower(name[i]);
    if (secret || mask_finds(secrets, text, length)) {
        lua_pushliteral(L, MASK_TEXT);
    } else {
        lua_pushlstring(L, text, length);
    }
}

/* Stack: [headers] -> [headers]. */
static void add_field(lua_State *L, const struct head_field *field,
                      const struct mask *secrets) {
    push_name(L, field->name, field->name_length, secrets);
    lua_pushvalue(L, -1);
    lua_rawget(L, -3); /* [headers, name, earlier value or nil] */
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        mask_push(L, secrets, field->value, field->value_length);
    } else {
        lua_pushliteral(L, ", ");
        mask_push(L, secrets, field->value, field->value_length);
        lua_concat(L, 3);
    }
    lua_rawset(L, -3);
}

void response_push_headers(lua_State *L, const struct response *response,
                           const struct mask *secrets) {
    struct head_field field;
    size_t position = 0;
    lua_createtable(L, 0, (int)response->head.lines);
    while (head_next(&response->head, &position, &field)) {
        add_field(L, &field, secrets);
    }
}

static time_t answer_time(const struct response *response) {
    struct head_field field;
    char date[64];
    if (head_find(&response->head, "date", &field) &&
        field.value_length < sizeof date) {
        memcpy(date, field.value, field.value_length);
        date[field.value_length] = '\0';
        time_t then = curl_getdate(date, NULL);
        if (then != (time_t)-1) return then;
    }
    return time(NULL);
}

bool response_retry_after(const struct response *response, double *seconds) {
    struct head_field field;
    return head_find(&response->head, "retry-after", &field) &&
           retry_after_parse(field.value, field.value_length,
                             answer_time(response), seconds);
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
    {300, "redirect", "Redirect"},
    {301, "redirect", "Redirect"},
    {302, "redirect", "Redirect"},
    {303, "redirect", "Redirect"},
    {307, "redirect", "Redirect"},
    {308, "redirect", "Redirect"},
    /* The rest of a class, and what has no class here. */
    {400, "client_error", "Client Error"},
    {500, "server_error", "Server Error"},
    {0, "unexpected_status", "which is no answer to an update"},
};

#define STATUSES (sizeof statuses / sizeof statuses[0])

static size_t find_status(long status) {
    for (size_t i = 0; i < STATUSES - 3; i++) {
        if (statuses[i].status == status) return i;
    }
    if (status < 400 || status > 599) return STATUSES - 1;
    return status < 500 ? STATUSES - 3 : STATUSES - 2;
}

/* An answer 5xx can come from a gateway behind which the request went on; what
 * a status means that is no answer to it, nobody knows. */
static const char *outcome_of(long status, size_t known) {
    bool told = known < STATUSES - 1 && status >= 300 && status < 500;
    return told ? "rejected" : "unknown";
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
                             const struct mask *secrets) {
    response_push_headers(L, response, secrets);
    lua_getfield(L, -1, "location");
    bool found = lua_type(L, -1) == LUA_TSTRING;
    if (found) {
        lua_pushfstring(L,
                        "HTTP %d redirect to %s was not followed, since "
                        "the request holds secrets; if the service has "
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
                           const struct mask *secrets) {
    size_t known = find_status(response->status);
    push_error(L, response, "api", statuses[known].code,
               outcome_of(response->status, known));
    if (json_read(L, response->body.data, response->body.length) == JSON_READ) {
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
static void push_not_an_object(lua_State *L, const struct response *response,
                               const struct route *route,
                               enum json_status status) {
    bool is_number = status == JSON_OUT_OF_RANGE;
    push_error(L, response, "response",
               is_number ? "number_out_of_range" : "not_json_object",
               "unknown");
    lua_pushfstring(L, "HTTP %d came with %d bytes that %s%s",
                    (int)response->status, (int)response->body.length,
                    is_number ? "have a number too large for Lua"
                              : "are not one JSON object",
                    route->fate);
    lua_setfield(L, -2, "message");
}

bool response_push(lua_State *L, const struct response *response,
                   const struct route *route, const struct mask *secrets) {
    const struct buffer *body = &response->body;
    if (response->status < 200 || response->status > 299) {
        push_api_error(L, response, secrets);
        return false;
    }
    if (body->length == 0 && route->answer_is_empty) {
        lua_newtable(L);
        return true;
    }
    enum json_status status = JSON_INVALID;
    if (is_object(body)) status = json_read(L, body->data, body->length);
    if (status == JSON_READ) return true;
    push_not_an_object(L, response, route, status);
    return false;
}
