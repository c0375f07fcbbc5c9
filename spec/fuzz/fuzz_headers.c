/*
 * A token, then names and values of headers. What is accepted goes out
 * unchanged, with no byte that could begin another header; what is refused
 * is refused without showing the token.
 */
#include <string.h>
#include <strings.h>

#include "../../csrc/request.h"
#include "fuzz.h"

static void check_line(const char *line) {
    for (; *line != '\0'; line++) {
        unsigned char byte = (unsigned char)*line;
        FUZZ_CHECK(byte == '\t' || (byte >= 0x20 && byte != 0x7f));
    }
}

/* Stack: [..., headers] -> same; the line says what the table says. */
static void check_custom(lua_State *L, const char *line) {
    const char *end = line + strcspn(line, ":;");
    size_t length;
    lua_pushlstring(L, line, (size_t)(end - line));
    lua_rawget(L, -2);
    FUZZ_CHECK(lua_type(L, -1) == LUA_TSTRING);
    const char *value = lua_tolstring(L, -1, &length);
    if (length == 0) {
        FUZZ_CHECK(strcmp(end, ";") == 0);
    } else {
        FUZZ_CHECK(strncmp(end, ": ", 2) == 0);
        FUZZ_CHECK(strlen(value) == length && strcmp(end + 2, value) == 0);
    }
    lua_pop(L, 1);
    static const char *const never[] = {"authorization",     "content-type",
                                        "content-length",    "host",
                                        "transfer-encoding", "expect"};
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        FUZZ_CHECK(strncasecmp(line, never[i], strlen(never[i])) != 0 ||
                   strlen(never[i]) != (size_t)(end - line));
    }
}

/* Stack: [..., token, headers]. */
static void check_accepted(lua_State *L, const struct request *request,
                           size_t count) {
    static const char *const fixed[] = {"Content-Type: application/json",
                                        "Accept: application/json", "Expect:"};
    static const char start[] = "Authorization: Bearer ";
    const struct curl_slist *line = request->headers;
    FUZZ_CHECK(strncmp(line->data, start, strlen(start)) == 0);
    FUZZ_CHECK(strcmp(line->data + strlen(start), lua_tostring(L, -2)) == 0);
    check_line(line->data);
    for (size_t i = 0; i < 3; i++) {
        line = line->next;
        FUZZ_CHECK(line != NULL && strcmp(line->data, fixed[i]) == 0);
    }
    for (line = line->next; line != NULL; line = line->next, count--) {
        check_line(line->data);
        check_custom(L, line->data);
    }
    FUZZ_CHECK(count == 0);
}

/* Stack: [..., token, headers]. */
static void check_refused(lua_State *L, const struct failure *failure) {
    size_t length;
    const char *token = lua_tolstring(L, -2, &length);
    FUZZ_CHECK(failure_is_set(failure) && failure->message[0] != '\0');
    if (length < 12) return; /* such a text can be in a message by chance */
    FUZZ_CHECK(!fuzz_contains(failure->message, strlen(failure->message), token,
                              length));
}

/* Stack: [] -> [token, headers]; returns how many headers there are. */
static size_t push_input(lua_State *L, struct fuzz_input *input) {
    size_t length, count = 0;
    const char *bytes = fuzz_bytes(input, 4096, &length);
    lua_pushlstring(L, bytes, length);
    lua_newtable(L);
    while (input->left > 0) {
        bytes = fuzz_bytes(input, 200, &length);
        lua_pushlstring(L, bytes, length);
        bytes = fuzz_bytes(input, 4096, &length);
        lua_pushlstring(L, bytes, length);
        lua_rawset(L, -3);
    }
    lua_pushnil(L);
    while (lua_next(L, -2)) {
        count++;
        lua_pop(L, 1);
    }
    return count;
}

static int run(lua_State *L) {
    static struct request request;
    struct failure failure;
    size_t count = push_input(L, lua_touserdata(L, 1));
    int top = lua_gettop(L);
    request_init(&request);
    failure_clear(&failure);
    struct request_header_sources sources = {
        .token = top - 1, .headers = top, .has_body = true};
    if (request_headers(L, &request, &sources, &failure)) {
        check_accepted(L, &request, count);
    } else {
        check_refused(L, &failure);
    }
    FUZZ_CHECK(lua_gettop(L) == top);
    request_free(&request);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size};
    fuzz_call(fuzz_state(), run, &input);
    return 0;
}
