/* For specs only, preloaded: clocks that can be stepped, the wall clock as
 * an administrator does, the monotonic one as waiting would. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

static atomic_long wall_seconds, monotonic_seconds;

void spec_step_clock(long wall, long monotonic);

void spec_step_clock(long wall, long monotonic) {
    atomic_fetch_add(&wall_seconds, wall);
    atomic_fetch_add(&monotonic_seconds, monotonic);
}

typedef int clock_function(clockid_t, struct timespec *);

int clock_gettime(clockid_t clock, struct timespec *now) {
    clock_function *real;
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, now);
    if (result != 0) return result;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        now->tv_sec += atomic_load(&wall_seconds);
    } else if (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_RAW ||
               clock == CLOCK_MONOTONIC_COARSE) {
        now->tv_sec += atomic_load(&monotonic_seconds);
    }
    return 0;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where != NULL) *where = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}
