#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifdef __linux__

/* More callers than tickets never wait to be accepted. */
#define BACKLOG 4096

static int open_socket(struct sockaddr_un *address, const char *path) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strncpy(address->sun_path, path, sizeof address->sun_path - 1);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/* In a folder that only this user can enter; errno tells what failed. */
static bool bind_in(struct listener *listener, const char *folder) {
    struct sockaddr_un address;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    listener->socket = open_socket(&address, path);
    if (listener->socket < 0) return false;
    if (bind(listener->socket, (struct sockaddr *)&address, sizeof address)) {
        return false;
    }
    listener->path = open(path, O_PATH | O_CLOEXEC);
    int problem = errno;
    unlink(path);
    errno = problem;
    return listener->path >= 0 && listen(listener->socket, BACKLOG) == 0 &&
           fcntl(listener->socket, F_SETFL, O_NONBLOCK) == 0;
}

static bool try_folder(struct listener *listener, const char *template) {
    char folder[32];
    (void)snprintf(folder, sizeof folder, "%s", template);
    if (mkdtemp(folder) == NULL) return false;
    bool bound = bind_in(listener, folder);
    int problem = errno;
    rmdir(folder);
    if (!bound) listener_close(listener);
    errno = problem;
    return bound;
}

bool listener_open(struct listener *listener, struct failure *failure) {
    listener->socket = listener->path = -1;
    if (!try_folder(listener, "/tmp/truto-XXXXXX") &&
        !try_folder(listener, "/dev/shm/truto-XXXXXX")) {
        return failure_set(failure, "setup", "background_unavailable",
                           "the background driver cannot make its socket "
                           "in /tmp or /dev/shm: %s",
                           strerror(errno));
    }
    (void)snprintf(listener->address, sizeof listener->address,
                   "/proc/self/fd/%d", listener->path);
    int proof = listener_connect(listener);
    if (proof >= 0) {
        close(proof);
        return true;
    }
    failure_set(failure, "setup", "background_unavailable",
                "the background driver cannot reach its socket through "
                "/proc/self/fd: %s; is /proc mounted?",
                strerror(errno));
    listener_close(listener);
    return false;
}

int listener_connect(const struct listener *listener) {
    struct sockaddr_un address;
    int descriptor = open_socket(&address, listener->address);
    if (descriptor < 0) return -1;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) {
        return descriptor;
    }
    int problem = errno;
    close(descriptor);
    errno = problem;
    return -1;
}

#else

bool listener_open(struct listener *listener, struct failure *failure) {
    listener->socket = listener->path = -1;
    return failure_set(failure, "setup", "background_unavailable",
                       "the background driver needs Linux");
}

int listener_connect(const struct listener *listener) {
    (void)listener;
    errno = ENOSYS;
    return -1;
}

#endif

void listener_close(struct listener *listener) {
    int descriptor = listener->socket, path = listener->path;
    listener->socket = listener->path = -1;
    if (descriptor >= 0) close(descriptor);
    if (path >= 0) close(path);
}
