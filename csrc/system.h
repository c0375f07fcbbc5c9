/*
 * The seam to the machine: memory, time, signals, the loaded module itself.
 * All of our own allocations and clock readings pass here, so that tests can
 * make each of them fail.
 */
#ifndef TRUTO_SYSTEM_H
#define TRUTO_SYSTEM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* NULL when memory runs out; never raises. */
void *system_allocate(size_t size);

/* Wipes the first `used` bytes, then frees. NULL is allowed. */
void system_free_wiped(void *memory, size_t used);

/* Gives the kernel what the C library keeps of memory that was freed, in
 * some milliseconds, where it knows how. */
void system_return_memory(void);

/* Overwrites bytes in a way that no compiler leaves out. */
void system_wipe(void *memory, size_t length);

/* Seconds of CLOCK_MONOTONIC: unmoved by steps of the wall clock. */
double system_monotonic(void);

/* Waits, or returns false early when SIGINT arrives. */
bool system_wait(double seconds);

/* In [0, 1), from the kernel; no state of the process is used or changed. */
double system_random(void);

/* Once in the process: a child that is forked while another thread is between
 * begin and end does not inherit its SIGINT. */
void system_watch_forks(void);

/* Keeps this shared object mapped for the life of the process: libcurl and
 * signal handlers point into it. False when the loader refuses. */
bool system_pin_module(void);

/* Between begin and end, SIGPIPE cannot kill the program: around all that may
 * write to a connection, closing one included. */
struct system_pipe {
    sigset_t mask;
    bool was_pending;
};
void system_pipe_begin(struct system_pipe *pipe);
void system_pipe_end(const struct system_pipe *pipe);

/* The same, and SIGINT is counted instead of delivered to the program (unless
 * the program ignores it). */
struct system_signals {
    struct system_pipe pipe;
    unsigned interrupts;
};
void system_signals_begin(struct system_signals *signals);
void system_signals_end(const struct system_signals *signals);
bool system_interrupted(const struct system_signals *signals);

#pragma GCC visibility pop

#endif
