#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <lualib.h>

#include "../../csrc/json.h"
#include "../../csrc/secret.h"

static int open_parts(lua_State *L) {
    json_open(L);
    secret_open(L);
    return 0;
}

lua_State *fuzz_state(void) {
    static lua_State *L;
    if (L != NULL) return L;
    FUZZ_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    L = luaL_newstate();
    FUZZ_CHECK(L != NULL);
    luaL_openlibs(L);
    lua_pushcfunction(L, open_parts);
    FUZZ_CHECK(lua_pcall(L, 0, 0, 0) == 0);
    return L;
}

void fuzz_call(lua_State *L, lua_CFunction run, struct fuzz_input *input) {
    lua_pushcfunction(L, run);
    lua_pushlightuserdata(L, input);
    if (lua_pcall(L, 1, 0, 0) != 0) {
        fuzz_fail(__FILE__, __LINE__, lua_tostring(L, -1));
    }
    lua_settop(L, 0);
}

uint8_t fuzz_byte(struct fuzz_input *input) {
    if (input->left == 0) return 0;
    input->left--;
    return *input->data++;
}

const char *fuzz_bytes(struct fuzz_input *input, size_t most, size_t *length) {
    size_t size = fuzz_byte(input);
    if (size == 255) size += (size_t)fuzz_byte(input) * 16;
    if (size > most) size = most;
    if (size > input->left) size = input->left;
    const char *bytes = size > 0 ? (const char *)input->data : "";
    input->data += size;
    input->left -= size;
    *length = size;
    return bytes;
}

bool fuzz_contains(const char *text, size_t length, const char *part,
                   size_t part_length) {
    return memmem(text, length, part, part_length) != NULL;
}

void fuzz_fail(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}
