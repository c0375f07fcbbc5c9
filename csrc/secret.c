#include "secret.h"

#include <errno.h>
#include <string.h>

#include "buffer.h"
#include "judge.h"
#include "source.h"
#include "terminal.h"

enum origin {
    FROM_VALUE,
    FROM_ENV,
    FROM_FILE,
    FROM_FD,
    FROM_CALL,
    FROM_PROMPT,
    FROM_SECRET /* another one, taken verbatim */
};

/* As Lua knows them. */
static const char *const origins[] = {
    "value", "env", "file", "fd", "call", "prompt", "secret",
};

struct secret {
    struct buffer bytes;
    enum origin origin;
    int descriptor;
    bool ready;
    bool spent; /* a failed read took bytes from the descriptor; those left
                   would pass for the whole secret */
    struct source_stamp stamp;
    struct secret *inner; /* of a verbatim one; its Lua value holds it */
    const char *label;    /* for messages; "": none */
    char name[]; /* of the variable or file, or the question; then the label */
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
static struct secret *push_secret(lua_State *L, enum origin origin,
                                  const char *name, const char *label) {
    size_t size = strlen(name) + 1, label_size = strlen(label) + 1;
    struct secret *secret =
        lua_newuserdata(L, sizeof *secret + size + label_size);
    memset(secret, 0, sizeof *secret);
    memcpy(secret->name, name, size);
    memcpy(secret->name + size, label, label_size);
    secret->label = secret->name + size;
    secret->origin = origin;
    buffer_init(&secret->bytes, SOURCE_CEILING + 1);
    luaL_getmetatable(L, SECRET_TYPE);
    lua_setmetatable(L, -2);
    return secret;
}

/* Stack: [..., secret] -> same; the value at index is held by it. 5.1 and 5.2
 * allow tables only. */
static void hold(lua_State *L, int index) {
    lua_createtable(L, 1, 0);
    lua_pushvalue(L, index);
    lua_rawseti(L, -2, 1);
    compat_setuservalue(L, -2);
}

static void fill(lua_State *L, struct secret *secret, int index) {
    size_t length;
    const char *bytes = luaL_checklstring(L, index, &length);
    if (length > SOURCE_CEILING) {
        luaL_error(L, "a secret is longer than 64 KiB");
    }
    secret->ready = false;
    buffer_free(&secret->bytes);
    if (!buffer_append(&secret->bytes, bytes, length)) {
        luaL_error(L, "not enough memory");
    }
    secret->ready = true;
}

static const struct secret *innermost(const struct secret *secret) {
    return secret->inner != NULL ? secret->inner : secret;
}

/* Files, and what prints, end in a newline that belongs to nobody's key. */
static size_t trimmed(const struct buffer *bytes) {
    size_t length = bytes->length;
    if (length > 0 && bytes->data[length - 1] == '\n') length--;
    if (length > 0 && bytes->data[length - 1] == '\r') length--;
    return length;
}

bool secret_bytes(const struct secret *secret, const char **bytes,
                  size_t *length) {
    const struct secret *inner = innermost(secret);
    if (!inner->ready) return false;
    bool is_whole = secret != inner || inner->origin == FROM_VALUE ||
                    inner->origin == FROM_CALL;
    *bytes = inner->bytes.length > 0 ? inner->bytes.data : "";
    *length = is_whole ? inner->bytes.length : trimmed(&inner->bytes);
    return true;
}

static struct source_result read_terminal(struct secret *secret,
                                          bool may_block) {
    struct source_result result = {SOURCE_FAILED, 0};
    if (!may_block) {
        result.problem = SOURCE_BLOCKS;
        return result;
    }
    switch (terminal_ask(secret->name, &secret->bytes)) {
    case TERMINAL_READ: result.problem = SOURCE_SOUND; break;
    case TERMINAL_ABSENT: result.problem = SOURCE_ABSENT; break;
    case TERMINAL_INTERRUPTED: result.error = EINTR; break;
    case TERMINAL_FAILED: result.error = errno; break;
    }
    return result;
}

static struct source_result read_descriptor(struct secret *secret,
                                            bool may_block) {
    struct source_result result = {SOURCE_FAILED, 0};
    if (secret->spent) return result;
    result =
        source_read_descriptor(secret->descriptor, may_block, &secret->bytes);
    secret->spent = result.problem == SOURCE_FAILED;
    return result;
}

static struct source_result read_origin(struct secret *secret, bool may_block) {
    const struct source_result sound = {SOURCE_SOUND, 0};
    switch (secret->origin) {
    case FROM_ENV: return source_read_variable(secret->name, &secret->bytes);
    case FROM_FILE:
        return source_read_file(secret->name, may_block, &secret->bytes,
                                &secret->stamp);
    case FROM_FD: return read_descriptor(secret, may_block);
    case FROM_PROMPT: return read_terminal(secret, may_block);
    case FROM_VALUE:
    case FROM_CALL:
    case FROM_SECRET: break;
    }
    return sound;
}

/* What is empty counts for nothing: it is asked for again. */
static bool is_current(const struct secret *secret) {
    if (!secret->ready) return false;
    if (secret->origin == FROM_VALUE) return true;
    if (judge_is_empty(secret->bytes.data, secret->bytes.length)) return false;
    return !secret->stamp.set ||
           source_is_unchanged(secret->name, &secret->stamp);
}

static const char *problem_name(enum source_problem problem) {
    switch (problem) {
    case SOURCE_ABSENT: return "absent";
    case SOURCE_BLOCKS: return "blocks";
    case SOURCE_SOUND:
    case SOURCE_FAILED: break;
    }
    return "failed";
}

/*
 * core.secret.read(secret, may_block) -> true
 *   or false, problem ("absent", "blocks", "failed", "interrupted", "spent",
 *   "unread": only Lua can fill it) [, what the system says]
 * A regular file is looked at each time and read again when it has changed;
 * all others are read once. What was read before is forgotten by a failure.
 */
static int read_secret(lua_State *L) {
    struct secret *given = secret_check(L, 1);
    struct secret *secret = given->inner != NULL ? given->inner : given;
    lua_settop(L, 2);
    lua_pushboolean(L, 1);
    if (is_current(secret)) return 1;
    if (secret->origin == FROM_CALL) {
        if (secret->ready) return 1;
        lua_pushboolean(L, 0);
        lua_pushliteral(L, "unread");
        return 2;
    }
    secret->ready = false;
    secret->stamp.set = false;
    buffer_free(&secret->bytes);
    struct source_result result = read_origin(secret, lua_toboolean(L, 2));
    secret->ready = result.problem == SOURCE_SOUND;
    if (secret->ready) return 1;
    buffer_free(&secret->bytes);
    lua_pushboolean(L, 0);
    if (result.error == EINTR) lua_pushliteral(L, "interrupted");
    else if (secret->spent && result.error == 0) lua_pushliteral(L, "spent");
    else lua_pushstring(L, problem_name(result.problem));
    if (result.error == 0) return 2;
    lua_pushstring(L, strerror(result.error));
    return 3;
}

/* core.secret.value(string) -> secret */
static int new_value(lua_State *L) {
    luaL_argcheck(L, lua_type(L, 1) == LUA_TSTRING, 1, "string expected");
    fill(L, push_secret(L, FROM_VALUE, "", ""), 1);
    return 1;
}

static const char *check_name(lua_State *L) {
    size_t length;
    luaL_argcheck(L, lua_type(L, 1) == LUA_TSTRING, 1, "string expected");
    const char *name = lua_tolstring(L, 1, &length);
    luaL_argcheck(L, length > 0 && strlen(name) == length, 1,
                  "a name without NUL expected");
    return name;
}

/* core.secret.env(name) -> secret */
static int new_env(lua_State *L) {
    push_secret(L, FROM_ENV, check_name(L), "");
    return 1;
}

/* core.secret.file(path [, label]) -> secret */
static int new_file(lua_State *L) {
    push_secret(L, FROM_FILE, check_name(L), luaL_optstring(L, 2, ""));
    return 1;
}

/* core.secret.prompt(question) -> secret */
static int new_prompt(lua_State *L) {
    push_secret(L, FROM_PROMPT, check_name(L), "");
    return 1;
}

/* core.secret.fd(number) -> secret */
static int new_fd(lua_State *L) {
    lua_Number number = luaL_checknumber(L, 1);
    luaL_argcheck(L, number >= 0 && number <= 65535, 1,
                  "file descriptor out of range");
    push_secret(L, FROM_FD, "", "")->descriptor = (int)number;
    return 1;
}

/* core.secret.call(fn) -> secret, unread until core.secret.fill */
static int new_call(lua_State *L) {
    luaL_checktype(L, 1, LUA_TFUNCTION);
    push_secret(L, FROM_CALL, "", "");
    hold(L, 1);
    return 1;
}

/* core.secret.verbatim(secret) -> secret: the same bytes, nothing trimmed and
 * nothing but emptiness judged */
static int new_verbatim(lua_State *L) {
    struct secret *inner = secret_check(L, 1);
    if (inner->inner != NULL) {
        lua_settop(L, 1);
        return 1;
    }
    struct secret *secret = push_secret(L, FROM_SECRET, "", "");
    hold(L, 1);
    secret->inner = inner;
    return 1;
}

/* core.secret.origin(secret) -> "value" and its like, name or descriptor,
 * label */
static int origin(lua_State *L) {
    const struct secret *secret = innermost(secret_check(L, 1));
    lua_pushstring(L, origins[secret->origin]);
    if (secret->origin == FROM_FD) lua_pushinteger(L, secret->descriptor);
    else lua_pushstring(L, secret->name);
    lua_pushstring(L, secret->label);
    return 3;
}

/* core.secret.loader(secret) -> its function, if that has to be called now,
 * and the secret to fill */
static int loader(lua_State *L) {
    struct secret *secret = secret_check(L, 1);
    lua_settop(L, 1);
    if (secret->inner != NULL) {
        compat_getuservalue(L, 1);
        lua_rawgeti(L, -1, 1);
        lua_replace(L, 1);
        secret = secret->inner;
    }
    if (secret->origin != FROM_CALL || is_current(secret)) return 0;
    compat_getuservalue(L, 1);
    lua_rawgeti(L, -1, 1);
    lua_pushvalue(L, 1);
    return 2;
}

/* core.secret.fill(secret, string) -> true, or false for one too long */
static int fill_call(lua_State *L) {
    struct secret *secret = secret_check(L, 1);
    luaL_argcheck(L, secret->origin == FROM_CALL, 1,
                  "only a secret made by secret.call can be filled");
    luaL_argcheck(L, lua_type(L, 2) == LUA_TSTRING, 2, "string expected");
    size_t length;
    (void)lua_tolstring(L, 2, &length);
    bool fits = length <= SOURCE_CEILING;
    if (fits) fill(L, secret, 2);
    lua_pushboolean(L, fits);
    return 1;
}

/* core.secret.is(value) -> boolean */
static int is_secret(lua_State *L) {
    lua_pushboolean(L, secret_test(L, 1) != NULL);
    return 1;
}

/* core.secret.is_verbatim(secret) -> boolean */
static int is_verbatim(lua_State *L) {
    lua_pushboolean(L, secret_check(L, 1)->origin == FROM_SECRET);
    return 1;
}

/* core.secret.reveal(secret) -> string */
static int reveal(lua_State *L) {
    const char *bytes = "";
    size_t length = 0;
    if (!secret_bytes(secret_check(L, 1), &bytes, &length)) {
        return luaL_error(L, "the secret was not read yet");
    }
    lua_pushlstring(L, bytes, length);
    return 1;
}

/*
 * core.secret.judge(string or secret [, "private_key"])
 *   -> nothing, or code, detail: see judge.h
 * A secret must have been read.
 */
static int judge(lua_State *L) {
    size_t length = 0;
    const char *bytes = "";
    const struct secret *secret = secret_test(L, 1);
    if (secret == NULL) {
        bytes = luaL_checklstring(L, 1, &length);
    } else if (!secret_bytes(secret, &bytes, &length)) {
        return luaL_error(L, "the secret was not read yet");
    }
    bool is_key = lua_toboolean(L, 2);
    struct verdict verdict;
    if (secret != NULL && secret->origin == FROM_SECRET) {
        verdict = judge_verbatim(bytes, length);
    } else if (is_key) {
        verdict = judge_private_key(bytes, length);
    } else {
        verdict = judge_secret(bytes, length);
    }
    if (verdict.code == NULL) return 0;
    lua_pushstring(L, verdict.code);
    lua_pushstring(L, verdict.detail);
    return 2;
}

static int secret_gc(lua_State *L) {
    struct secret *secret = secret_test(L, 1);
    if (secret == NULL) return 0;
    secret->ready = false;
    secret->inner = NULL; /* it may be gone */
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
    {"value", new_value},         {"env", new_env},
    {"file", new_file},           {"fd", new_fd},
    {"call", new_call},           {"prompt", new_prompt},
    {"verbatim", new_verbatim},   {"is", is_secret},
    {"is_verbatim", is_verbatim}, {"origin", origin},
    {"loader", loader},           {"fill", fill_call},
    {"read", read_secret},        {"judge", judge},
    {"reveal", reveal},           {NULL, NULL},
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
