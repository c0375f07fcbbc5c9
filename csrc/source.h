/*
 * Where a secret's bytes come from, if not from Lua: a file, a descriptor, a
 * variable of the environment. They go straight into a buffer that is wiped.
 */
#ifndef TRUTO_SOURCE_H
#define TRUTO_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "buffer.h"

#pragma GCC visibility push(hidden)

/* A service account's key file is under 3 KiB; a certificate chain fits. */
#define SOURCE_CEILING ((size_t)64 * 1024)

enum source_problem {
    SOURCE_SOUND,
    SOURCE_FAILED, /* `error` says why */
    SOURCE_ABSENT, /* there is no such variable, or no such path */
    SOURCE_BLOCKS  /* a pipe, a terminal or a socket, which may keep us waiting,
                      where nothing may */
};

struct source_result {
    enum source_problem problem;
    int error; /* errno, or 0 */
};

/* What told a regular file from its successors when it was read. */
struct source_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
    bool set;     /* a regular file was read, and may be looked at again */
    bool settled; /* the clock has ticked since it was written: whoever writes
                     again changes the times */
};

/* Whether a regular file is, by all that the kernel says, the one that was
 * read. */
bool source_is_unchanged(const char *path, const struct source_stamp *stamp);

/* Appends what the source gives to an empty buffer with the ceiling
 * SOURCE_CEILING + 1. A regular file sets the stamp. */
struct source_result source_read_file(const char *path, bool may_block,
                                      struct buffer *bytes,
                                      struct source_stamp *stamp);
struct source_result source_read_descriptor(int descriptor, bool may_block,
                                            struct buffer *bytes);
struct source_result source_read_variable(const char *name,
                                          struct buffer *bytes);

#pragma GCC visibility pop

#endif
