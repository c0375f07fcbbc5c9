/*
 * A server's answer: two bytes of status, header lines up to an empty one,
 * the body. Whatever it is, one value comes out, Retry-After stays in its
 * range, and a secret that it echoes is in nothing but a datastore.
 */
#include <string.h>

#include "../../csrc/json.h"
#include "../../csrc/mask.h"
#include "../../csrc/response.h"
#include "../../csrc/retry_after.h"
#include "fuzz.h"

#define SECRET "canary-token"
#define BODY_CEILING 4096

static void check_text(lua_State *L) {
    size_t length;
    const char *text = lua_tolstring(L, -1, &length);
    FUZZ_CHECK(!fuzz_contains(text, length, SECRET, strlen(SECRET)));
}

/* Stack: [value] -> []. */
static void check_masked(lua_State *L) {
    luaL_checkstack(L, 4, "nested");
    if (lua_type(L, -1) == LUA_TSTRING) check_text(L);
    if (lua_type(L, -1) == LUA_TTABLE) {
        lua_pushnil(L);
        while (lua_next(L, -2)) {
            check_masked(L);
            if (lua_type(L, -1) == LUA_TSTRING) check_text(L);
        }
    }
    lua_pop(L, 1);
}

/* As libcurl does it: line by line, and the empty line too. */
static void add_headers(struct response *response, struct fuzz_input *input) {
    bool more = true;
    while (more && input->left > 0) {
        const uint8_t *end = memchr(input->data, '\n', input->left);
        size_t length = end ? (size_t)(end - input->data) + 1 : input->left;
        more =
            head_add_line(&response->head, (const char *)input->data, length) &&
            length > 1;
        input->data += length;
        input->left -= length;
    }
}

static void add_body(struct response *response, struct fuzz_input *input) {
    size_t half = input->left / 2;
    const char *bytes = (const char *)input->data;
    if (response_add_body(response, bytes, half)) {
        (void)response_add_body(response, bytes + half, input->left - half);
    }
    FUZZ_CHECK(response->body.length <= BODY_CEILING);
}

static void check_answer(lua_State *L, const struct response *response,
                         const struct mask *secrets) {
    int top = lua_gettop(L);
    const struct route *route =
        routes_find(response->status % 2 == 0 ? "update" : "delete");
    bool found = response_push(L, response, route, secrets);
    FUZZ_CHECK(lua_gettop(L) == top + 1 && lua_istable(L, -1));
    FUZZ_CHECK(!found || (response->status > 199 && response->status < 300));
    if (found) lua_pop(L, 1);
    else check_masked(L);
    response_push_headers(L, response, secrets);
    check_masked(L);
    FUZZ_CHECK(lua_gettop(L) == top);
}

static int run(lua_State *L) {
    struct fuzz_input *input = lua_touserdata(L, 1);
    struct response response;
    struct mask secrets;
    double seconds = -1;
    response_init(&response, BODY_CEILING);
    mask_init(&secrets, 1024);
    FUZZ_CHECK(mask_add(&secrets, SECRET, strlen(SECRET)));
    response.status = 100 + (fuzz_byte(input) * 256 + fuzz_byte(input)) % 500;
    add_headers(&response, input);
    add_body(&response, input);
    check_answer(L, &response, &secrets);
    if (response_retry_after(&response, &seconds)) {
        FUZZ_CHECK(seconds >= 0 && seconds <= RETRY_AFTER_MAX);
    }
    response_free(&response);
    mask_free(&secrets);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fuzz_input input = {data, size};
    fuzz_call(fuzz_state(), run, &input);
    return 0;
}
