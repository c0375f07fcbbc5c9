#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system.h"

#define CHUNK ((size_t)4096)

#if defined(__APPLE__)
#define MODIFIED(status) ((status)->st_mtimespec)
#define CHANGED(status) ((status)->st_ctimespec)
#else
#define MODIFIED(status) ((status)->st_mtim)
#define CHANGED(status) ((status)->st_ctim)
#endif

/* Seconds after which the times of a file that is written again differ, on
 * any file system: FAT has steps of two. */
#define SETTLING 2

static const struct source_result sound = {SOURCE_SOUND, 0};

static struct source_result failed(int error) {
    struct source_result result = {SOURCE_FAILED, error};
    if (error == ENOENT || error == ENOTDIR || error == ENAMETOOLONG) {
        result.problem = SOURCE_ABSENT;
    }
    return result;
}

static struct source_result full(const struct buffer *bytes) {
    return failed(bytes->status == BUFFER_FULL ? EFBIG : ENOMEM);
}

/* Into the buffer itself: no copy is left on the stack. Its ceiling is one
 * above ours, so that a source with just as many bytes comes to its end. */
static struct source_result read_all(int descriptor, struct buffer *bytes) {
    char *room;
    size_t size;
    while ((room = buffer_room(bytes, CHUNK, &size)) != NULL) {
        ssize_t count = read(descriptor, room, size);
        if (count == 0) return sound;
        if (count > 0) buffer_grew(bytes, (size_t)count);
        else if (errno != EINTR) return failed(errno);
    }
    return full(bytes);
}

static bool same_time(struct timespec a, struct timespec b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static struct source_stamp stamp_of(const struct stat *status) {
    time_t written = CHANGED(status).tv_sec;
    struct source_stamp stamp = {status->st_dev,
                                 status->st_ino,
                                 status->st_size,
                                 MODIFIED(status),
                                 CHANGED(status),
                                 true,
                                 time(NULL) > written + SETTLING};
    return stamp;
}

bool source_is_unchanged(const char *path, const struct source_stamp *stamp) {
    struct stat status;
    if (!stamp->settled || stat(path, &status) != 0) return false;
    struct source_stamp now = stamp_of(&status);
    return now.device == stamp->device && now.inode == stamp->inode &&
           now.size == stamp->size &&
           same_time(now.modified, stamp->modified) &&
           same_time(now.changed, stamp->changed);
}

static bool blocks(mode_t mode) {
    return S_ISFIFO(mode) || S_ISCHR(mode) || S_ISSOCK(mode);
}

/* What stands there is a descriptor, which gives its bytes once. */
static bool is_descriptor(const char *path) {
    return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
}

/* Opened without waiting, should it have become a pipe meanwhile. */
static struct source_result read_regular(const char *path, struct buffer *bytes,
                                         struct source_stamp *stamp) {
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0) return failed(errno);
    struct source_result result;
    if (fstat(descriptor, &status) != 0) result = failed(errno);
    else if (!S_ISREG(status.st_mode)) result = failed(ESTALE);
    else result = read_all(descriptor, bytes);
    close(descriptor);
    if (result.problem == SOURCE_SOUND && !is_descriptor(path)) {
        *stamp = stamp_of(&status);
    }
    return result;
}

struct source_result source_read_file(const char *path, bool may_block,
                                      struct buffer *bytes,
                                      struct source_stamp *stamp) {
    struct stat status;
    if (stat(path, &status) != 0) return failed(errno);
    if (S_ISREG(status.st_mode)) return read_regular(path, bytes, stamp);
    if (blocks(status.st_mode) && !may_block) {
        return (struct source_result){SOURCE_BLOCKS, 0};
    }
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) return failed(errno);
    struct source_result result = read_all(descriptor, bytes);
    close(descriptor);
    return result;
}

struct source_result source_read_descriptor(int descriptor, bool may_block,
                                            struct buffer *bytes) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return failed(errno);
    if (blocks(status.st_mode) && !may_block) {
        return (struct source_result){SOURCE_BLOCKS, 0};
    }
    return read_all(descriptor, bytes);
}

struct source_result source_read_variable(const char *name,
                                          struct buffer *bytes) {
    const char *value = getenv(name);
    if (value == NULL) return (struct source_result){SOURCE_ABSENT, 0};
    size_t length = strlen(value);
    if (length > SOURCE_CEILING) return failed(EFBIG);
    return buffer_append(bytes, value, length) ? sound : full(bytes);
}
