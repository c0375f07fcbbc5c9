#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "system.h"

/* A service account's key file is under 3 KiB; a certificate chain fits. */
#define SECRET_CEILING ((size_t)64 * 1024)

enum source { SOURCE_VALUE, SOURCE_ENV, SOURCE_FILE, SOURCE_FD, SOURCE_CALL };

struct secret {
    struct buffer bytes;
    enum source source;
    int descriptor;
    bool ready;
    bool spent; /* a failed read took bytes from the descriptor; those left
                   would pass for the whole secret */
    const char *shown; /* in place of the name, which may be a secret too */
    char name[];       /* of the variable or file; what is shown is behind it */
};

struct secret *secret_test(lua_State *L, int index) {
    return compat_testudata(L, index, SECRET_TYPE);
}

static struct secret *secret_check(lua_State *L, int index) {
    struct secret *secret = secret_test(L, index);
    if (secret == NULL) luaL_argerror(L, index, "secret expected");
    return secret;
}

/* Stack: [] -> [secret]. The metatable is set before anything is held. */
static struct secret *push_secret(lua_State *L, enum source source,
                                  const char *name, const char *shown) {
    size_t size = strlen(name) + 1, shown_size = strlen(shown) + 1;
    struct secret *secret =
        lua_newuserdata(L, sizeof *secret + size + shown_size);
    memset(secret, 0, sizeof *secret);
    memcpy(secret->name, name, size);
    memcpy(secret->name + size, shown, shown_size);
    secret->shown = secret->name + size;
    secret->source = source;
    buffer_init(&secret->bytes, SECRET_CEILING);
    luaL_getmetatable(L, SECRET_TYPE);
    lua_setmetatable(L, -2);
    return secret;
}

static void fill(lua_State *L, struct secret *secret, int index) {
    size_t length;
    const char *bytes = luaL_checklstring(L, index, &length);
    buffer_free(&secret->bytes);
    if (!buffer_append(&secret->bytes, bytes, length)) {
        bool full = secret->bytes.status == BUFFER_FULL;
        luaL_error(L, full ? "a secret is longer than 64 KiB"
                           : "not enough memory");
    }
    secret->ready = true;
}

static void trim_newline(struct buffer *bytes) {
    size_t length = bytes->length;
    if (length > 0 && bytes->data[length - 1] == '\n') length--;
    if (length > 0 && bytes->data[length - 1] == '\r') length--;
    buffer_truncate(bytes, length);
}

/* Zero, or an errno. */
static int read_all(int descriptor, struct buffer *bytes) {
    char chunk[4096];
    ssize_t count;
    int problem = 0;
    while ((count = read(descriptor, chunk, sizeof chunk)) != 0) {
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) problem = errno;
        else if (buffer_append(bytes, chunk, (size_t)count)) continue;
        else problem = bytes->status == BUFFER_FULL ? EFBIG : ENOMEM;
        break;
    }
    system_wipe(chunk, sizeof chunk);
    return problem;
}

static bool read_file(struct secret *secret, struct failure *failure) {
    int descriptor = open(secret->name, O_RDONLY | O_CLOEXEC);
    int problem = descriptor < 0 ? errno : read_all(descriptor, &secret->bytes);
    if (descriptor >= 0) close(descriptor);
    if (problem == 0) return true;
    return failure_set(failure, "setup", "secret_unreadable",
                       "cannot read the secret file %s: %s", secret->shown,
                       strerror(problem));
}

static bool read_descriptor(struct secret *secret, struct failure *failure) {
    int problem =
        secret->spent ? 0 : read_all(secret->descriptor, &secret->bytes);
    if (problem == 0 && !secret->spent) return true;
    const char *reason =
        secret->spent ? "an earlier read took part of it" : strerror(problem);
    secret->spent = true;
    return failure_set(failure, "setup", "secret_unreadable",
                       "cannot read a secret from file descriptor %d: %s",
                       secret->descriptor, reason);
}

static bool read_environment(struct secret *secret, struct failure *failure) {
    const char *value = getenv(secret->name);
    if (value == NULL) {
        return failure_set(
            failure, "setup", "secret_missing",
            "the environment variable %s is not set; inside nginx a worker "
            "sees it only if nginx.conf has `env %s;`",
            secret->name, secret->name);
    }
    if (buffer_append_text(&secret->bytes, value)) return true;
    return failure_set(
        failure, "setup", "secret_unreadable",
        "cannot read a secret from the environment variable %s: %s",
        secret->name,
        strerror(secret->bytes.status == BUFFER_FULL ? EFBIG : ENOMEM));
}

static bool read_source(struct secret *secret, struct failure *failure) {
    switch (secret->source) {
    case SOURCE_ENV: return read_environment(secret, failure);
    case SOURCE_FILE: return read_file(secret, failure);
    case SOURCE_FD: return read_descriptor(secret, failure);
    case SOURCE_VALUE:
    case SOURCE_CALL: break;
    }
    return true;
}

enum secret_status secret_read(struct secret *secret, const char **bytes,
                               size_t *length, struct failure *failure) {
    if (!secret->ready) {
        if (secret->source == SOURCE_CALL) return SECRET_UNREAD;
        if (!read_source(secret, failure)) {
            buffer_free(&secret->bytes);
            return SECRET_FAILED;
        }
        if (secret->source != SOURCE_ENV) trim_newline(&secret->bytes);
        secret->ready = true;
    }
    *bytes = secret->bytes.length > 0 ? secret->bytes.data : "";
    *length = secret->bytes.length;
    return SECRET_READY;
}

/* core.secret.value(string) -> secret */
static int new_value(lua_State *L) {
    luaL_argcheck(L, lua_type(L, 1) == LUA_TSTRING, 1, "string expected");
    fill(L, push_secret(L, SOURCE_VALUE, "", ""), 1);
    return 1;
}

static int new_named(lua_State *L, enum source source) {
    size_t length;
    const char *name = luaL_checklstring(L, 1, &length);
    luaL_argcheck(L, length > 0 && strlen(name) == length, 1,
                  "a name without NUL expected");
    push_secret(L, source, name, luaL_optstring(L, 2, name));
    return 1;
}

/* core.secret.env(name) -> secret */
static int new_env(lua_State *L) {
    return new_named(L, SOURCE_ENV);
}

/* core.secret.file(path [, shown]) -> secret; errors have `shown` for path */
static int new_file(lua_State *L) {
    return new_named(L, SOURCE_FILE);
}

/* core.secret.fd(number) -> secret */
static int new_fd(lua_State *L) {
    lua_Number number = luaL_checknumber(L, 1);
    luaL_argcheck(L, number >= 0 && number <= 65535, 1,
                  "file descriptor out of range");
    push_secret(L, SOURCE_FD, "", "")->descriptor = (int)number;
    return 1;
}

/* core.secret.call(fn) -> secret, unread until core.secret.fill */
static int new_call(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    push_secret(L, SOURCE_CALL, "", "");
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    compat_setuservalue(L, -2); /* {fn}: 5.1 and 5.2 allow tables only */
    return 1;
}

/* core.secret.loader(secret) -> the function of secret.call while unread */
static int loader(lua_State *L) {
    const struct secret *secret = secret_check(L, 1);
    if (secret->source != SOURCE_CALL || secret->ready) return 0;
    compat_getuservalue(L, 1);
    lua_rawgeti(L, -1, 1);
    return 1;
}

/* core.secret.fill(secret, string) -> true, or false for one too long */
static int fill_call(lua_State *L) {
    struct secret *secret = secret_check(L, 1);
    luaL_argcheck(L, secret->source == SOURCE_CALL, 1,
                  "only a secret made by secret.call can be filled");
    luaL_argcheck(L, lua_type(L, 2) == LUA_TSTRING, 2, "string expected");
    size_t length;
    (void)lua_tolstring(L, 2, &length);
    bool fits = length <= SECRET_CEILING;
    if (fits) fill(L, secret, 2);
    lua_pushboolean(L, fits);
    return 1;
}

/* core.secret.is(value) -> boolean */
static int is_secret(lua_State *L) {
    lua_pushboolean(L, secret_test(L, 1) != NULL);
    return 1;
}

/* core.secret.reveal(secret) -> string, or nil, err */
static int reveal(lua_State *L) {
    struct failure failure;
    failure_clear(&failure);
    const char *bytes = "";
    size_t length = 0;
    switch (secret_read(secret_check(L, 1), &bytes, &length, &failure)) {
    case SECRET_READY: lua_pushlstring(L, bytes, length); return 1;
    case SECRET_UNREAD: return luaL_error(L, "the secret was not read yet");
    case SECRET_FAILED: break;
    }
    lua_pushnil(L);
    failure_push(L, &failure);
    return 2;
}

static int secret_gc(lua_State *L) {
    struct secret *secret = secret_test(L, 1);
    if (secret == NULL) return 0;
    secret->ready = false;
    buffer_free(&secret->bytes);
    return 0;
}

static int secret_tostring(lua_State *L) {
    lua_pushliteral(L, "[secret]");
    return 1;
}

static int refuse_concat(lua_State *L) {
    return luaL_error(L, "a secret cannot be concatenated; "
                         "secret:reveal() gives its string");
}

static const luaL_Reg metamethods[] = {
    {"__gc", secret_gc},
    {"__tostring", secret_tostring},
    {"__concat", refuse_concat},
    {NULL, NULL},
};

static const luaL_Reg functions[] = {
    {"value", new_value}, {"env", new_env},   {"file", new_file},
    {"fd", new_fd},       {"call", new_call}, {"loader", loader},
    {"fill", fill_call},  {"is", is_secret},  {"reveal", reveal},
    {NULL, NULL},
};

/* core.secret.methods is the __index table, for Lua to add methods to. */
void secret_open(lua_State *L) {
    lua_newtable(L);
    compat_setfuncs(L, functions);
    compat_newmetatable(L, SECRET_TYPE, metamethods);
    lua_getfield(L, -1, "__index");
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, "__index");
    }
    lua_setfield(L, -3, "methods");
    lua_pop(L, 1);
}
