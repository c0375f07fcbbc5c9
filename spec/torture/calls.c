/*
 * Calls of truto that can be made to fail: of the machine, and of libcurl.
 * Each is wrapped by the linker; torture.sh makes its options from the lines
 * that begin with MACHINE or OPTIONS.
 *
 * Left out is what no sound machine refuses and nobody could survive: the
 * clock, locks, closing, waking the thread and telling its end.
 */
#undef CURL_DISABLE_TYPECHECK
#define CURL_DISABLE_TYPECHECK
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <curl/curl.h>

#include "sources.h"

#define WRAP(source, problem, result, failed, name, parameters, arguments)     \
    result __real_##name parameters;                                           \
    result __wrap_##name parameters;                                           \
    result __wrap_##name parameters {                                          \
        if (!source_fails(source)) return __real_##name arguments;             \
        errno = problem;                                                       \
        return failed;                                                         \
    }
#define MACHINE(problem, result, failed, name, parameters, arguments)          \
    WRAP(SOURCE_MACHINE, problem, result, failed, name, parameters, arguments)
#define OPTIONS(result, failed, name, parameters, arguments)                   \
    WRAP(SOURCE_OPTIONS, errno, result, failed, name, parameters, arguments)

typedef struct sockaddr address;
typedef void *body(void *);

/* clang-format off: a line each, for torture.sh */
MACHINE(EMFILE, int, -1, socket, (int a, int b, int c), (a, b, c))
MACHINE(EACCES, int, -1, bind, (int a, const address *b, socklen_t c), (a, b, c))
MACHINE(EADDRINUSE, int, -1, listen, (int a, int b), (a, b))
MACHINE(EMFILE, int, -1, accept4, (int a, address *b, socklen_t *c, int d), (a, b, c, d))
MACHINE(EACCES, int, -1, connect, (int a, const address *b, socklen_t c), (a, b, c))
MACHINE(EACCES, char *, NULL, mkdtemp, (char *a), (a))
MACHINE(EMFILE, int, -1, open, (const char *a, int b), (a, b))
MACHINE(EMFILE, DIR *, NULL, opendir, (const char *a), (a))
MACHINE(EINVAL, int, -1, fcntl, (int a, int b, long c), (a, b, c))
MACHINE(EMFILE, int, -1, epoll_create1, (int a), (a))
MACHINE(EMFILE, int, -1, eventfd, (unsigned a, int b), (a, b))
MACHINE(0, int, EAGAIN, pthread_create, (pthread_t *a, const pthread_attr_t *b, body *c, void *d), (a, b, c, d))
MACHINE(ENOSYS, int, -1, getentropy, (void *a, size_t b), (a, b))

OPTIONS(CURLcode, CURLE_FAILED_INIT, curl_global_init, (long a), (a))
OPTIONS(CURLcode, CURLE_UNKNOWN_OPTION, curl_easy_getinfo, (CURL *a, CURLINFO b, void *c), (a, b, c))
OPTIONS(CURL *, NULL, curl_easy_duphandle, (CURL *a), (a))
OPTIONS(CURLM *, NULL, curl_multi_init, (void), ())
OPTIONS(CURLMcode, CURLM_UNKNOWN_OPTION, curl_multi_setopt, (CURLM *a, CURLMoption b, void *c), (a, b, c))
OPTIONS(CURLMcode, CURLM_OUT_OF_MEMORY, curl_multi_add_handle, (CURLM *a, CURL *b), (a, b))
OPTIONS(CURLMcode, CURLM_OUT_OF_MEMORY, curl_multi_perform, (CURLM *a, int *b), (a, b))
OPTIONS(CURLMcode, CURLM_OUT_OF_MEMORY, curl_multi_poll, (CURLM *a, struct curl_waitfd *b, unsigned c, int d, int *e), (a, b, c, d, e))
OPTIONS(CURLMcode, CURLM_OUT_OF_MEMORY, curl_multi_socket_action, (CURLM *a, curl_socket_t b, int c, int *d), (a, b, c, d))
OPTIONS(CURLUcode, CURLUE_OUT_OF_MEMORY, curl_url_set, (CURLU *a, CURLUPart b, const char *c, unsigned d), (a, b, c, d))
OPTIONS(CURLUcode, CURLUE_OUT_OF_MEMORY, curl_url_get, (CURLU *a, CURLUPart b, char **c, unsigned d), (a, b, c, d))
OPTIONS(CURLU *, NULL, curl_url_dup, (CURLU *a), (a))
/* clang-format on */

/* Those that fail for some arguments only. */
int __real_epoll_ctl(int epoll, int action, int descriptor,
                     struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int action, int descriptor,
                     struct epoll_event *event);
ssize_t __real_read(int descriptor, void *bytes, size_t size);
ssize_t __wrap_read(int descriptor, void *bytes, size_t size);
ssize_t __real_send(int descriptor, const void *bytes, size_t size, int flags);
ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags);
CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);

int __wrap_epoll_ctl(int epoll, int action, int descriptor,
                     struct epoll_event *event) {
    if (action == EPOLL_CTL_DEL || !source_fails(SOURCE_MACHINE)) {
        return __real_epoll_ctl(epoll, action, descriptor, event);
    }
    errno = ENOSPC;
    return -1;
}

/* Eight bytes are the count of an eventfd, by which the thread is woken. */
ssize_t __wrap_read(int descriptor, void *bytes, size_t size) {
    if (size == 8 || !source_fails(SOURCE_MACHINE)) {
        return __real_read(descriptor, bytes, size);
    }
    errno = EIO;
    return -1;
}

/* One byte is what a caller waits for. */
ssize_t __wrap_send(int descriptor, const void *bytes, size_t size, int flags) {
    if (size == 1 || !source_fails(SOURCE_MACHINE)) {
        return __real_send(descriptor, bytes, size, flags);
    }
    errno = EPIPE;
    return -1;
}

/* A long, a pointer and a curl_off_t are passed alike where this runs. */
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...) {
    va_list arguments;
    va_start(arguments, option);
    void *value = va_arg(arguments, void *);
    va_end(arguments);
    if (source_fails(SOURCE_OPTIONS)) return CURLE_UNKNOWN_OPTION;
    return __real_curl_easy_setopt(easy, option, value);
}

bool __wrap_system_pin_module(void);

/* Here the module is part of the program, which stays by itself. */
bool __wrap_system_pin_module(void) {
    return !source_fails(SOURCE_MACHINE);
}
