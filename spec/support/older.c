/* For specs only, preloaded: an older system. Linux before 5.4 lets 128 wait
 * to be accepted, here fewer; a libcurl before 7.87 has a TLS library write
 * by itself, so that SIGPIPE comes. */
#include <dlfcn.h>
#include <sys/socket.h>

#define WAITING_MAX 4

int listen(int descriptor, int backlog) {
    int (*real)(int, int);
    *(void **)&real = dlsym(RTLD_NEXT, "listen");
    return real(descriptor, backlog < WAITING_MAX ? backlog : WAITING_MAX);
}

ssize_t send(int descriptor, const void *bytes, size_t size, int flags) {
    ssize_t (*real)(int, const void *, size_t, int);
    *(void **)&real = dlsym(RTLD_NEXT, "send");
    return real(descriptor, bytes, size, flags & ~MSG_NOSIGNAL);
}
