/* For specs only, preloaded: a resolver that never answers for names that end
 * in ".slow", as a name server that drops packets. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int resolver(const char *, const char *, const struct addrinfo *,
                     struct addrinfo **);

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **result) {
    size_t length = node == NULL ? 0 : strlen(node);
    if (length > 5 && strcmp(node + length - 5, ".slow") == 0) {
        sleep(20);
        return EAI_AGAIN;
    }
    resolver *real;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, result);
}
