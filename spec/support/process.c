/* For specs only: what a process can do and Lua cannot. */
#include <dirent.h>
#include <dlfcn.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* fork() -> pid, or 0 in the child */
static int process_fork(lua_State *L) {
    pid_t pid = fork();
    if (pid < 0) return luaL_error(L, "fork failed");
    lua_pushinteger(L, (lua_Integer)pid);
    return 1;
}

/* wait(pid) -> exit code, or nil, signal */
static int process_wait(lua_State *L) {
    int status = 0;
    waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0);
    if (WIFEXITED(status)) {
        lua_pushinteger(L, WEXITSTATUS(status));
        return 1;
    }
    lua_pushnil(L);
    lua_pushinteger(L, WTERMSIG(status));
    return 2;
}

/* leave(code): ends at once, without closing the Lua state */
static int process_leave(lua_State *L) {
    _exit((int)luaL_checkinteger(L, 1));
}

static struct timespec timespec_of(double seconds) {
    struct timespec time;
    time.tv_sec = (time_t)seconds;
    time.tv_nsec = (long)((seconds - (double)(long)seconds) * 1e9);
    return time;
}

/* A signal for this process, once, or over and over. */
static void start_timer(lua_State *L, int number, double seconds,
                        double interval) {
    struct sigevent event;
    struct itimerspec when;
    timer_t timer;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = number;
    when.it_value = timespec_of(seconds);
    when.it_interval = timespec_of(interval);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        timer_settime(timer, 0, &when, NULL) != 0) {
        luaL_error(L, "no timer");
    }
}

/* interrupt_after(seconds): SIGINT for this process, once */
static int process_interrupt_after(lua_State *L) {
    start_timer(L, SIGINT, luaL_checknumber(L, 1), 0);
    return 0;
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number) {
    (void)number;
    alarms++;
}

/* alarms(per_second, signal): that signal, so often, until the process ends */
static int process_alarms(lua_State *L) {
    double interval = 1 / luaL_checknumber(L, 1);
    int number = (int)luaL_checkinteger(L, 2);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_alarm;
    sigaction(number, &action, NULL);
    start_timer(L, number, interval, interval);
    return 0;
}

/* alarm_count() -> how many came so far */
static int process_alarm_count(lua_State *L) {
    lua_pushinteger(L, alarms);
    return 1;
}

typedef void step_function(long, long);

struct step {
    step_function *function;
    struct timespec after;
    long wall, monotonic;
};

static void *run_step(void *data) {
    struct step *step = data;
    nanosleep(&step->after, NULL);
    step->function(step->wall, step->monotonic);
    free(step);
    return NULL;
}

/* step_clock(after, wall, monotonic): seconds; needs clock.so preloaded. The
 * time that it steps at is real. */
static int process_step_clock(lua_State *L) {
    pthread_t thread;
    struct step step, *later;
    *(void **)&step.function = dlsym(RTLD_DEFAULT, "spec_step_clock");
    if (step.function == NULL) return luaL_error(L, "clock.so is missing");
    step.after = timespec_of(luaL_checknumber(L, 1));
    step.wall = (long)luaL_checkinteger(L, 2);
    step.monotonic = (long)luaL_checkinteger(L, 3);
    if (step.after.tv_sec == 0 && step.after.tv_nsec == 0) {
        step.function(step.wall, step.monotonic);
        return 0;
    }
    later = malloc(sizeof *later);
    *later = step;
    pthread_create(&thread, NULL, run_step, later);
    pthread_detach(thread);
    return 0;
}

/* limit_files(count): RLIMIT_NOFILE of this process */
static int process_limit_files(lua_State *L) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)luaL_checkinteger(L, 1);
    setrlimit(RLIMIT_NOFILE, &limit);
    return 0;
}

/* descriptors() -> how many this process has open */
static int process_descriptors(lua_State *L) {
    int count = -1; /* the directory's own */
    DIR *directory = opendir("/proc/self/fd");
    if (directory == NULL) return luaL_error(L, "no /proc");
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') count++;
    }
    closedir(directory);
    lua_pushinteger(L, count);
    return 1;
}

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
/* A thread's cache counts as given out. Full, it is always the same. */
static void fill_cache(void) {
    enum { SIZES = 64, EACH = 7 };
    void *blocks[SIZES][EACH];
    for (size_t i = 0; i < SIZES * EACH; i++) {
        blocks[i / EACH][i % EACH] = malloc(24 + 16 * (i / EACH));
    }
    for (size_t i = 0; i < SIZES * EACH; i++) free(blocks[i / EACH][i % EACH]);
}
#endif

/* allocated() -> bytes that malloc has given out; 0 where it cannot be asked */
static int process_allocated(lua_State *L) {
    size_t bytes = 0;
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
    fill_cache();
    struct mallinfo2 all = mallinfo2();
    bytes = all.uordblks + all.hblkhd;
#endif
    lua_pushnumber(L, (lua_Number)bytes);
    return 1;
}

/* disposition(signal) -> "default", "ignored" or "handled" */
static int process_disposition(lua_State *L) {
    struct sigaction action;
    sigaction((int)luaL_checkinteger(L, 1), NULL, &action);
    lua_pushstring(L, action.sa_handler == SIG_DFL   ? "default"
                      : action.sa_handler == SIG_IGN ? "ignored"
                                                     : "handled");
    return 1;
}

/* ignore(signal) */
static int process_ignore(lua_State *L) {
    signal((int)luaL_checkinteger(L, 1), SIG_IGN);
    return 0;
}

/* wait_readable(descriptor) */
static int process_wait_readable(lua_State *L) {
    struct pollfd polled = {(int)luaL_checkinteger(L, 1), POLLIN, 0};
    (void)poll(&polled, 1, -1);
    return 0;
}

/* default(signal) */
static int process_default(lua_State *L) {
    signal((int)luaL_checkinteger(L, 1), SIG_DFL);
    return 0;
}

static double exit_takes; /* seconds */

static void exit_slowly(void) {
    struct timespec time = timespec_of(exit_takes);
    nanosleep(&time, NULL);
}

/* linger(seconds): at exit, when what registers later has ended */
static int process_linger(lua_State *L) {
    exit_takes = luaL_checknumber(L, 1);
    atexit(exit_slowly);
    return 0;
}

static lua_State *volatile alone; /* for leak checkers; it is never closed */

static void *run_alone(void *data) {
    lua_State *L = luaL_newstate();
    alone = L;
    luaL_openlibs(L);
    (void)luaL_dostring(L, data);
    free(data);
    return NULL;
}

/* detach(code): runs it in a thread that nobody waits for */
static int process_detach(lua_State *L) {
    pthread_t thread;
    pthread_create(&thread, NULL, run_alone, strdup(luaL_checkstring(L, 1)));
    pthread_detach(thread);
    return 0;
}

struct job {
    pthread_t thread;
    pthread_barrier_t *barrier;
    const char *code;
    int number;
    char problem[512];
};

static void *run_job(void *data) {
    struct job *job = data;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    pthread_barrier_wait(job->barrier);
    bool loaded = luaL_loadstring(L, job->code) == 0;
    lua_pushinteger(L, job->number);
    if (!loaded || lua_pcall(L, 1, 0, 0) != 0) {
        const char *text = lua_tostring(L, -1);
        strncpy(job->problem, text ? text : "?", sizeof job->problem - 1);
    }
    lua_close(L);
    return NULL;
}

/* threads(count, code) -> list of error messages; each thread has a Lua state
 * of its own, all begin at once, and the code gets the thread's number */
static int process_threads(lua_State *L) {
    int count = (int)luaL_checkinteger(L, 1);
    const char *code = luaL_checkstring(L, 2);
    pthread_barrier_t barrier;
    struct job *jobs = calloc((size_t)count, sizeof *jobs);
    int problems = 0;
    pthread_barrier_init(&barrier, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        jobs[i].barrier = &barrier;
        jobs[i].code = code;
        jobs[i].number = i + 1;
        pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]);
    }
    lua_newtable(L);
    for (int i = 0; i < count; i++) {
        pthread_join(jobs[i].thread, NULL);
        if (jobs[i].problem[0] == '\0') continue;
        lua_pushstring(L, jobs[i].problem);
        lua_rawseti(L, -2, ++problems);
    }
    pthread_barrier_destroy(&barrier);
    free(jobs);
    return 1;
}

/* Of the libcurl that a program finds here; NULL: none. */
static const curl_version_info_data *libcurl(void) {
    static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4",
                                        "libcurl.4.dylib"};
    curl_version_info_data *(*version_info)(CURLversion) = NULL;
    for (size_t i = 0; version_info == NULL && i < 3; i++) {
        void *library = dlopen(names[i], RTLD_NOW);
        if (library == NULL) continue;
        *(void **)&version_info = dlsym(library, "curl_version_info");
    }
    return version_info == NULL ? NULL : version_info(CURLVERSION_NOW);
}

/* libcurl_store() -> the bundle file and the directory of authorities that
 * libcurl has built in; nil for what it has not, or does not tell. */
static int process_libcurl_store(lua_State *L) {
    const char *bundle = NULL, *directory = NULL;
#if LIBCURL_VERSION_NUM >= 0x074600
    const curl_version_info_data *info = libcurl();
    if (info != NULL && info->age >= CURLVERSION_SEVENTH) {
        bundle = info->cainfo;
        directory = info->capath;
    }
#endif
    lua_pushstring(L, bundle);
    lua_pushstring(L, directory);
    return 2;
}

/* libcurl_tls() -> its TLS library, such as "OpenSSL/3.0.19" */
static int process_libcurl_tls(lua_State *L) {
    const curl_version_info_data *info = libcurl();
    lua_pushstring(L, info == NULL ? NULL : info->ssl_version);
    return 1;
}

static const luaL_Reg functions[] = {
    {"fork", process_fork},
    {"wait", process_wait},
    {"leave", process_leave},
    {"interrupt_after", process_interrupt_after},
    {"alarms", process_alarms},
    {"alarm_count", process_alarm_count},
    {"step_clock", process_step_clock},
    {"limit_files", process_limit_files},
    {"descriptors", process_descriptors},
    {"disposition", process_disposition},
    {"ignore", process_ignore},
    {"default", process_default},
    {"wait_readable", process_wait_readable},
    {"linger", process_linger},
    {"detach", process_detach},
    {"threads", process_threads},
    {"allocated", process_allocated},
    {"libcurl_store", process_libcurl_store},
    {"libcurl_tls", process_libcurl_tls},
    {NULL, NULL},
};

int luaopen_process(lua_State *L);

int luaopen_process(lua_State *L) {
    lua_newtable(L);
    for (const luaL_Reg *each = functions; each->name != NULL; each++) {
        lua_pushcfunction(L, each->func);
        lua_setfield(L, -2, each->name);
    }
    return 1;
}
