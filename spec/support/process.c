/* For specs only: what a process can do and Lua cannot. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/* interrupt_after(seconds): SIGINT for this process, once */
static int process_interrupt_after(lua_State *L) {
    struct sigevent event;
    struct itimerspec when;
    timer_t timer;
    double seconds = luaL_checknumber(L, 1);
    memset(&event, 0, sizeof event);
    memset(&when, 0, sizeof when);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGINT;
    when.it_value.tv_sec = (time_t)seconds;
    when.it_value.tv_nsec = (long)((seconds - (double)(long)seconds) * 1e9);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        timer_settime(timer, 0, &when, NULL) != 0) {
        return luaL_error(L, "no timer");
    }
    return 0;
}

static volatile sig_atomic_t alarms;

static void count_alarm(int number) {
    (void)number;
    alarms++;
}

/* alarms(per_second): a SIGALRM that often; 0 ends them. -> count so far */
static int process_alarms(lua_State *L) {
    double rate = luaL_checknumber(L, 1);
    struct itimerval timer;
    struct sigaction action;
    memset(&timer, 0, sizeof timer);
    memset(&action, 0, sizeof action);
    action.sa_handler = count_alarm;
    sigaction(SIGALRM, &action, NULL);
    if (rate > 0) {
        timer.it_interval.tv_usec = (suseconds_t)(1e6 / rate);
        timer.it_value = timer.it_interval;
    }
    setitimer(ITIMER_REAL, &timer, NULL);
    lua_pushinteger(L, alarms);
    return 1;
}

/* limit_files(count): RLIMIT_NOFILE of this process */
static int process_limit_files(lua_State *L) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)luaL_checkinteger(L, 1);
    setrlimit(RLIMIT_NOFILE, &limit);
    return 0;
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

struct job {
    pthread_t thread;
    pthread_barrier_t *barrier;
    const char *code;
    char problem[512];
};

static void *run_job(void *data) {
    struct job *job = data;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    pthread_barrier_wait(job->barrier);
    if (luaL_loadstring(L, job->code) || lua_pcall(L, 0, 0, 0)) {
        const char *text = lua_tostring(L, -1);
        strncpy(job->problem, text ? text : "?", sizeof job->problem - 1);
    }
    lua_close(L);
    return NULL;
}

/* threads(count, code) -> list of error messages; each thread has a Lua state
 * of its own, and all begin at once */
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

static const luaL_Reg functions[] = {
    {"fork", process_fork},
    {"wait", process_wait},
    {"leave", process_leave},
    {"interrupt_after", process_interrupt_after},
    {"alarms", process_alarms},
    {"limit_files", process_limit_files},
    {"disposition", process_disposition},
    {"ignore", process_ignore},
    {"threads", process_threads},
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
