#include "client_key.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "system.h"

/* With a chain of certificates before it, a key's file is some KiB. */
#define FILE_CEILING ((size_t)1024 * 1024)

static bool read_text(int descriptor, struct buffer *text) {
    char chunk[4096];
    ssize_t count;
    do {
        count = read(descriptor, chunk, sizeof chunk);
        if (count > 0 && !buffer_append(text, chunk, (size_t)count)) break;
    } while (count > 0 || (count < 0 && errno == EINTR));
    system_wipe(chunk, sizeof chunk);
    return count == 0 && buffer_append_byte(text, '\0');
}

/* In "-----BEGIN ENCRYPTED PRIVATE KEY-----", or in a line behind
 * "-----BEGIN RSA PRIVATE KEY-----". */
static bool first_key_is_encrypted(const char *text) {
    static const char encrypted[] = "ENCRYPTED ";
    const char *kind = strstr(text, "PRIVATE KEY-----");
    if (kind == NULL) return false;
    size_t length = sizeof encrypted - 1;
    if ((size_t)(kind - text) >= length &&
        memcmp(kind - length, encrypted, length) == 0) {
        return true;
    }
    const char *header = strstr(kind, "Proc-Type: 4,ENCRYPTED");
    const char *end = strstr(kind, "-----END");
    return header != NULL && end != NULL && header < end;
}

bool client_key_is_encrypted(const char *path) {
    struct buffer text = {0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    buffer_init(&text, FILE_CEILING);
    bool encrypted =
        read_text(descriptor, &text) && first_key_is_encrypted(text.data);
    buffer_free(&text);
    close(descriptor);
    return encrypted;
}

bool client_key_refuse(const char *path, bool has_password,
                       struct failure *failure) {
    return failure_set(
        failure, "setup", "client_key_encrypted",
        has_password ? "client_key_password does not open the client's key %s"
                     : "the client's key %s is encrypted: give its pass "
                       "phrase as client_key_password, or write the key "
                       "without one (openssl pkey -in OLD -out NEW)",
        path);
}
