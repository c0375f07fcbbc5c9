/*
 * Torture: scenarios.lua with everything that can fail failing in turn.
 *
 *   torture URL TAG CA_FILE CALLS STRIDE
 *
 * truto's C is linked in, so `require "truto.core"` is always new. One point
 * is one run of one scenario in a fresh Lua state with the n-th request to
 * one source failing: the allocators of Lua, libcurl and truto, the machine
 * (sockets, files, threads), libcurl's options and facts (see sources.h); in
 * these modes:
 *
 *   one      the n-th; of Lua's also the next: 5.4 collects and asks again
 *   from     all from n on; all is well again when the scenario has ended
 *   to end   all from n on, also while the state is closed
 *
 * After "one" and "from" the scenario runs again in the same state, with a
 * client that is left and with new ones, and must succeed. After each point
 * no block of libcurl or of truto may be left, no descriptor be open, and
 * signals be as they were. Each call of the library is written to CALLS with
 * its id and what was reported (TAG is part of its path); run.py compares
 * that with what the server read: whole requests only, and none that was
 * reported as not sent.
 *
 * Not tortured, since nothing here could survive it: malloc inside
 * lua-cjson 2.1.0 (it ends the process) and inside the TLS library.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "sources.h"

int luaopen_truto_core(lua_State *L);

enum mode { MODE_ONE, MODE_FROM, MODE_TO_END, MODES };

static const char *const mode_names[] = {"one", "from", "to end"};
static const char *const source_names[] = {"Lua", "libcurl", "truto", "machine",
                                           "options"};

struct point {
    const char *scenario;
    enum source source;
    enum mode mode;
    long number;
};

static struct {
    const char *url;
    const char *tag;
    const char *ca_file;
    FILE *calls;
    struct point point;
    long call;      /* number of the call under way or the last one */
    bool call_open; /* it has not come back */
    int pipe;       /* descriptor given to the scenario, or -1 */
    long points, problems;
} torture;

static void complain(const char *what) {
    const struct point *point = &torture.point;
    torture.problems++;
    printf("  PROBLEM %s, %s, %s, number %ld: %s\n", point->scenario,
           source_names[point->source], mode_names[point->mode], point->number,
           what);
}

static void write_call(const char *outcome, const char *code) {
    const struct point *point = &torture.point;
    fprintf(torture.calls, "%s-%ld\t%s\t%s\t%s\t%s\t%ld\n", point->scenario,
            torture.call, outcome, code, source_names[point->source],
            mode_names[point->mode], point->number);
    torture.call_open = false;
}

static void end_call(void) {
    if (torture.call_open) write_call("raised", "");
}

static const char *text_field(lua_State *L, int index, const char *name) {
    if (lua_type(L, index) != LUA_TTABLE) return "no table";
    lua_getfield(L, index, name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1); /* the table still holds it */
    return text ? text : "missing";
}

/* Stack: [..., datastore, err]. */
static void note_call(lua_State *L, int first, const char *id) {
    if (!lua_isnil(L, first)) {
        if (strcmp(text_field(L, first, "id"), id) != 0) {
            complain("another datastore's answer");
        }
        write_call("ok", "");
        return;
    }
    write_call(text_field(L, first + 1, "outcome"),
               text_field(L, first + 1, "code"));
}

/* call(function, ...) -> function(id, ...), with an id of its own; the call
 * is written down even if it raises. */
static int host_call(lua_State *L) {
    char id[64];
    sources_pause();
    end_call();
    torture.call++;
    torture.call_open = true;
    (void)snprintf(id, sizeof id, "%s-%ld", torture.point.scenario,
                   torture.call);
    lua_pushstring(L, id);
    lua_insert(L, 2);
    sources_resume();
    lua_call(L, lua_gettop(L) - 1, 3);
    sources_pause();
    note_call(L, lua_gettop(L) - 2, id);
    sources_resume();
    return 3;
}

/* complain(message): for what must not be, whatever fails */
static int host_complain(lua_State *L) {
    complain(luaL_checkstring(L, 1));
    return 0;
}

static void close_pipe(void) {
    if (torture.pipe >= 0) close(torture.pipe);
    torture.pipe = -1;
}

/* pipe(text) -> a descriptor to read the text from, until the next one */
static int host_pipe(lua_State *L) {
    size_t length;
    const char *text = luaL_checklstring(L, 1, &length);
    int ends[2];
    close_pipe();
    if (pipe(ends) != 0) return luaL_error(L, "no pipe");
    torture.pipe = ends[0];
    bool written = write(ends[1], text, length) == (ssize_t)length;
    close(ends[1]);
    if (!written) return luaL_error(L, "the pipe is too short");
    lua_pushinteger(L, torture.pipe);
    return 1;
}

/* wait(descriptor, seconds): until something can be read */
static int host_wait(lua_State *L) {
    struct pollfd polled = {(int)luaL_checkinteger(L, 1), POLLIN, 0};
    (void)poll(&polled, 1, (int)(luaL_checknumber(L, 2) * 1000));
    return 0;
}

static const luaL_Reg host_functions[] = {
    {"call", host_call},
    {"complain", host_complain},
    {"pipe", host_pipe},
    {"wait", host_wait},
    {NULL, NULL},
};

static int open_core(lua_State *L) {
    return luaopen_truto_core(L);
}

/* Stack: [table] -> same. */
static void set_text(lua_State *L, const char *name, const char *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

#if LUA_VERSION_NUM >= 504
/* Lua 5.4 warns of errors in finalizers, in pieces; those for memory come
 * from its own (the standard files), or they show as a leak. */
static void note_warning(void *data, const char *message, int to_continue) {
    static char text[256];
    size_t length = strlen(text);
    (void)data;
    (void)snprintf(text + length, sizeof text - length, "%s", message);
    if (to_continue) return;
    if (strstr(text, "not enough memory") == NULL) complain(text);
    text[0] = '\0';
}
#endif

/* A state whose scenarios are loaded: their table is the only value. */
static lua_State *new_state(void) {
    lua_State *L = luaL_newstate();
    if (L == NULL) return NULL;
    luaL_openlibs(L);
#if LUA_VERSION_NUM >= 504
    lua_setwarnf(L, note_warning, NULL);
#endif
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "preload");
    lua_pushcfunction(L, open_core);
    lua_setfield(L, -2, "truto.core");
    lua_settop(L, 0);
    if (luaL_loadfile(L, "spec/torture/scenarios.lua") != 0) lua_error(L);
    lua_newtable(L);
    set_text(L, "url", torture.url);
    set_text(L, "tag", torture.tag);
    set_text(L, "ca_file", torture.ca_file);
    for (const luaL_Reg *each = host_functions; each->name != NULL; each++) {
        lua_pushcfunction(L, each->func);
        lua_setfield(L, -2, each->name);
    }
    lua_call(L, 1, 1);
    sources_watch(L);
    return L;
}

/* Stack: [scenarios] -> [scenarios, scenario, kept]. */
static void prepare(lua_State *L) {
    lua_getfield(L, 1, torture.point.scenario);
    lua_getfield(L, 2, "prepare");
    lua_call(L, 0, 1);
}

/* Stack: [scenarios, scenario, kept] -> same; false when it raised. */
static bool run(lua_State *L, bool must_succeed) {
    lua_getfield(L, 2, "run");
    lua_pushvalue(L, 3);
    lua_pushboolean(L, must_succeed);
    int status = lua_pcall(L, 2, 0, 0);
    sources_pause();
    end_call();
    if (status != 0 && must_succeed) {
        const char *message = lua_tostring(L, -1);
        complain(message ? message : "an error without message");
    }
    lua_settop(L, 3);
    sources_resume();
    return status == 0;
}

struct surroundings {
    int descriptors;
    long live[SOURCES];
    bool pipe_blocked;
    void (*interrupt)(int);
};

static struct surroundings look_around(void) {
    struct surroundings found;
    struct sigaction action;
    sigset_t mask;
    memset(&found, 0, sizeof found);
    for (int i = 0; i < 256; i++) {
        if (fcntl(i, F_GETFD) != -1) found.descriptors++;
    }
    found.live[SOURCE_CURL] = sources_live(SOURCE_CURL);
    found.live[SOURCE_OWN] = sources_live(SOURCE_OWN);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    found.pipe_blocked = sigismember(&mask, SIGPIPE) == 1;
    sigaction(SIGINT, NULL, &action);
    found.interrupt = action.sa_handler;
    return found;
}

static void compare(const struct surroundings *before,
                    const struct surroundings *after) {
    if (after->descriptors != before->descriptors) {
        complain("descriptors left open");
    }
    if (after->live[SOURCE_CURL] != before->live[SOURCE_CURL]) {
        complain("libcurl's memory leaked");
    }
    if (after->live[SOURCE_OWN] != before->live[SOURCE_OWN]) {
        complain("truto's memory leaked");
    }
    if (after->pipe_blocked != before->pipe_blocked ||
        after->interrupt != before->interrupt) {
        complain("signals not as before");
    }
}

/* False when the scenario ends before it asks that often. */
static bool try_point(void) {
    const struct point *point = &torture.point;
    struct surroundings before = look_around();
    lua_State *L = new_state();
    prepare(L);
    long one = point->number + (point->source == SOURCE_LUA);
    sources_arm(point->source, point->number,
                point->mode == MODE_ONE ? one : LONG_MAX);
    run(L, false);
    bool reached = sources_asked() >= point->number;
    if (point->mode != MODE_TO_END) {
        sources_disarm();
        run(L, true);
    }
    lua_close(L);
    sources_disarm();
    close_pipe();
    struct surroundings after = look_around();
    compare(&before, &after);
    torture.points += reached;
    return reached;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Allocations come by the hundred; the rest is rare, and each is different. */
static long step_of(enum source source, long stride) {
    bool many = source == SOURCE_LUA || source == SOURCE_CURL;
    return many ? stride : (stride + 9) / 10;
}

static void try_all(const char *scenario, long stride) {
    for (int source = 0; source < SOURCES; source++) {
        long step = step_of((enum source)source, stride);
        printf("  %-10s %-8s", scenario, source_names[source]);
        for (int mode = 0; mode < MODES; mode++) {
            long points = torture.points;
            double begin = now();
            torture.point = (struct point){scenario, (enum source)source,
                                           (enum mode)mode, 1};
            while (try_point()) torture.point.number += step;
            printf(" %s %ld (%.1f s)", mode_names[mode],
                   torture.points - points, now() - begin);
            (void)fflush(stdout);
        }
        printf("\n");
    }
}

/* Once without a failure: what is made once in a process is there then. */
static void warm_up(const char *scenario) {
    torture.point = (struct point){scenario, SOURCE_OWN, MODE_ONE, 0};
    lua_State *L = new_state();
    prepare(L);
    run(L, true);
    lua_close(L);
    close_pipe();
}

/* In a process of its own, since what is made once is made only once. Its
 * exit code says whether `require "truto.core"` was refused as it should. */
static void refuse_start(enum source source) {
    pid_t child = fork();
    if (child == 0) {
        lua_State *L = luaL_newstate();
        luaL_openlibs(L);
        sources_arm(source, 1, LONG_MAX);
        lua_pushcfunction(L, open_core);
        bool raised = lua_pcall(L, 0, 1, 0) != 0;
        const char *message = lua_tostring(L, -1);
        exit(raised && strstr(message, "truto.core cannot start") ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    torture.point = (struct point){"start", source, MODE_FROM, 1};
    torture.points++;
    if (status != 0) complain("not refused, or not as it should");
}

/* lua_close unloads lua-cjson; a leak in it would have no name then. */
static void keep_cjson(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    if (luaL_dostring(L, "return package.searchpath('cjson', package.cpath)")) {
        lua_error(L);
    }
    const char *path = lua_tostring(L, -1);
    if (path != NULL) (void)dlopen(path, RTLD_NOW | RTLD_NODELETE);
    lua_close(L);
}

static const char *const scenarios[] = {
    "open",    "new",     "update",  "error",
    "secrets", "collect", "library", "background"};

#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

int main(int count, char **values) {
    if (count != 6) return 2;
    long stride = strtol(values[5], NULL, 10);
    torture.pipe = -1;
    torture.url = values[1];
    torture.tag = values[2];
    torture.ca_file = values[3];
    torture.calls = fopen(values[4], "w");
    if (torture.calls == NULL || stride < 1 || !sources_start_curl()) return 2;
    keep_cjson();
    refuse_start(SOURCE_MACHINE);
    refuse_start(SOURCE_OPTIONS);
    for (size_t i = 0; i < SCENARIOS; i++) warm_up(scenarios[i]);
    for (size_t i = 0; i < SCENARIOS && torture.problems == 0; i++) {
        try_all(scenarios[i], stride);
    }
    printf("  %ld points, %ld problems\n", torture.points, torture.problems);
    return fclose(torture.calls) != 0 || torture.problems > 0;
}
