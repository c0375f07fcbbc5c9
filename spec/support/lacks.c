/* For specs only, preloaded: a machine that lacks what TRUTO_SPEC_LACKS says:
 * "threads", "tmp", "folders" (neither /tmp nor /dev/shm), "proc", "watches"
 * (epoll has two, for the thread's own). */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Read at once: nginx clears its workers' environment. */
static char lacking[16];

__attribute__((constructor)) static void read_environment(void) {
    const char *value = getenv("TRUTO_SPEC_LACKS");
    if (value != NULL) strncpy(lacking, value, sizeof lacking - 1);
}

static int lacks(const char *what) {
    return strcmp(lacking, what) == 0;
}

typedef int creator(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                    void *);

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *data) {
    if (lacks("threads")) return EAGAIN;
    creator *real;
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, run, data);
}

static int starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

char *mkdtemp(char *template) {
    int in_tmp = starts_with(template, "/tmp/");
    if (lacks("folders") || (in_tmp && lacks("tmp"))) {
        errno = EROFS;
        return NULL;
    }
    char *(*real)(char *);
    *(void **)&real = dlsym(RTLD_NEXT, "mkdtemp");
    return real(template);
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
    const struct sockaddr_un *local = (const void *)address;
    if (lacks("proc") && address->sa_family == AF_UNIX &&
        starts_with(local->sun_path, "/proc/")) {
        errno = ENOENT;
        return -1;
    }
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "connect");
    return real(socket, address, length);
}

int epoll_ctl(int epoll, int action, int descriptor,
              struct epoll_event *event) {
    static int watches;
    if (lacks("watches") && action == EPOLL_CTL_ADD && ++watches > 2) {
        errno = ENOSPC;
        return -1;
    }
    int (*real)(int, int, int, struct epoll_event *);
    *(void **)&real = dlsym(RTLD_NEXT, "epoll_ctl");
    return real(epoll, action, descriptor, event);
}
