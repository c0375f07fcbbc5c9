#include "transfer.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "authorities.h"
#include "certificate.h"
#include "endpoint.h"
#include "system.h"
#include "tls_library.h"

struct long_option {
    CURLoption option;
    long value;
};

/* The security profile, and what makes an exchange exactly one exchange.
 * Defaults of libcurl stand here too: they are promises of ours. A TLS session
 * is not resumed: the server would be believed for what an older handshake had
 * found, after the authority or our certificate changed. */
static const struct long_option required_options[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_SSL_SESSIONID_CACHE, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_HTTP_CONTENT_DECODING, 0},
    {CURLOPT_HTTP09_ALLOWED, 0},
    {CURLOPT_PATH_AS_IS, 1},
    {CURLOPT_FAILONERROR, 0},
    {CURLOPT_TCP_KEEPALIVE, 1},
    {CURLOPT_HEADEROPT, CURLHEADER_SEPARATE},
    {CURLOPT_SUPPRESS_CONNECT_HEADERS, 1},
};

/* A TLS library or build of libcurl without these has nothing to set. */
static const struct long_option optional_options[] = {
    {CURLOPT_PROXY_SSL_VERIFYPEER, 1},
    {CURLOPT_PROXY_SSL_VERIFYHOST, 2},
    {CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
#if LIBCURL_VERSION_NUM >= 0x075000
    {CURLOPT_MAXLIFETIME_CONN, 300},
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    {CURLOPT_QUICK_EXIT, 1},
#endif
};

/* Called when a connection stands and the request is about to be written;
 * a second time when libcurl, unasked, is about to send it again because a
 * kept connection was dead. That second send is refused. */
#if LIBCURL_VERSION_NUM >= 0x075000
static int count_send(void *data, char *peer, char *local, int peer_port,
                      int local_port) {
    struct transfer *transfer = data;
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    if (transfer->sends == 0) {
        enum certificate_names names = certificate_names(transfer->easy);
        transfer->nameless = names == CERTIFICATE_NAMELESS;
        if (names == CERTIFICATE_UNREAD) {
            transfer->response.head.fields.status = BUFFER_NO_MEMORY;
        }
        if (names != CERTIFICATE_NAMED) return CURL_PREREQFUNC_ABORT;
    }
    transfer->sends++;
    return transfer->sends > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}
#endif

/* libcurl keeps a connection on which sending failed (seen in 7.88), does not
 * see that it is dead, and loses the next request on it. So a connection is
 * worth keeping only once an answer came; see set_exchange. */
static void keep_connection(const struct transfer *transfer) {
    if (!transfer->send_is_guarded) return;
    CURLcode ignored =
        curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 0L);
    (void)ignored; /* refused: a new connection next time */
}

static size_t receive_header(char *line, size_t size, size_t count,
                             void *data) {
    struct transfer *transfer = data;
    size_t length = size * count;
    struct head *head = &transfer->response.head;
    bool was_whole = head->place == HEAD_WHOLE;
    if (!head_add_line(head, line, length)) return 0;
    if (!was_whole && head->place == HEAD_WHOLE) keep_connection(transfer);
    return length;
}

static size_t receive_body(char *bytes, size_t size, size_t count, void *data) {
    struct transfer *transfer = data;
    size_t length = size * count;
    return response_add_body(&transfer->response, bytes, length) ? length : 0;
}

static CURLcode set_longs(CURL *easy, const struct long_option *options,
                          size_t count) {
    CURLcode result = CURLE_OK;
    for (size_t i = 0; i < count && result == CURLE_OK; i++) {
        result = curl_easy_setopt(easy, options[i].option, options[i].value);
    }
    return result;
}

static CURLcode set_optional_longs(CURL *easy) {
    for (size_t i = 0; i < sizeof optional_options / sizeof optional_options[0];
         i++) {
        CURLcode result = curl_easy_setopt(easy, optional_options[i].option,
                                           optional_options[i].value);
        if (result != CURLE_OK && result != CURLE_UNKNOWN_OPTION &&
            result != CURLE_NOT_BUILT_IN) {
            return result;
        }
    }
    return CURLE_OK;
}

struct string_option {
    CURLoption option;
    const char *value; /* NULL: left alone */
};

static CURLcode set_strings(CURL *easy, const struct string_option *options,
                            size_t count) {
    CURLcode result = CURLE_OK;
    for (size_t i = 0; i < count && result == CURLE_OK; i++) {
        if (options[i].value == NULL) continue;
        result = curl_easy_setopt(easy, options[i].option, options[i].value);
    }
    return result;
}

static CURLcode set_protocol(CURL *easy, const char *scheme) {
#if LIBCURL_VERSION_NUM >= 0x075500
    CURLcode result = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, scheme);
    if (result != CURLE_UNKNOWN_OPTION) return result;
#endif
    long bits = strcmp(scheme, "http") == 0 ? CURLPROTO_HTTP : CURLPROTO_HTTPS;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    return curl_easy_setopt(easy, CURLOPT_PROTOCOLS, bits);
#pragma GCC diagnostic pop
}

static CURLcode set_callbacks(CURL *easy) {
    CURLcode result =
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
    if (result != CURLE_OK) return result;
    return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive_body);
}

/* An empty proxy keeps libcurl from asking the environment by itself. */
static CURLcode set_all(CURL *easy, const struct transfer_settings *settings,
                        struct transfer_traits *traits) {
    const struct string_option strings[] = {
        {CURLOPT_USERAGENT, settings->user_agent},
        {CURLOPT_SSLCERT, settings->client_cert},
        {CURLOPT_SSLKEY, settings->client_key},
        {CURLOPT_KEYPASSWD, ""}, /* NULL: OpenSSL asks on the terminal */
        {CURLOPT_PROXY, settings->proxy ? settings->proxy : ""},
        {CURLOPT_NOPROXY, settings->no_proxy ? settings->no_proxy : ""},
    };
    CURLcode result =
        set_longs(easy, required_options,
                  sizeof required_options / sizeof required_options[0]);
    if (result == CURLE_OK) result = set_optional_longs(easy);
    if (result == CURLE_OK) {
        result = set_strings(easy, strings, sizeof strings / sizeof strings[0]);
    }
    if (result == CURLE_OK) {
        result =
            authorities_set(easy, settings->ca_file, &traits->bundle_is_left);
    }
    if (result == CURLE_OK) result = certificate_keep(easy);
    if (result == CURLE_OK) result = set_protocol(easy, settings->scheme);
    if (result == CURLE_OK) result = set_callbacks(easy);
    return result;
}

static bool note_option_failure(struct failure *failure, CURLcode result) {
    if (result == CURLE_OUT_OF_MEMORY) return failure_out_of_memory(failure);
    return failure_set(failure, "setup", "libcurl_unsuitable",
                       "libcurl %s refuses an option that truto needs: %s",
                       curl_version_info(CURLVERSION_NOW)->version,
                       curl_easy_strerror(result));
}

static bool note_nss(struct failure *failure) {
    return failure_set(failure, "setup", "libcurl_unsuitable",
                       "libcurl %s uses the TLS library NSS, which goes on "
                       "trusting an authority that was removed from ca_file: "
                       "use a libcurl with OpenSSL or GnuTLS",
                       curl_version_info(CURLVERSION_NOW)->version);
}

CURL *transfer_profile(const struct transfer_settings *settings,
                       struct transfer_traits *traits,
                       struct failure *failure) {
    if (tls_library_is_nss()) {
        note_nss(failure);
        return NULL;
    }
    CURL *easy = curl_easy_init();
    CURLcode result =
        easy == NULL ? CURLE_OUT_OF_MEMORY : set_all(easy, settings, traits);
    traits->proxy_is_sure =
        settings->proxy != NULL && *settings->proxy &&
        (settings->no_proxy == NULL || *settings->no_proxy == '\0');
    traits->proxy_speaks_tls =
        settings->proxy != NULL &&
        strncasecmp(settings->proxy, "https://", strlen("https://")) == 0;
    if (result == CURLE_OK) return easy;
    note_option_failure(failure, result);
    curl_easy_cleanup(easy);
    return NULL;
}

/* Where libcurl cannot guard the send no connection is kept, since only a
 * kept one makes libcurl send again; see keep_connection. */
static CURLcode guard_send(struct transfer *transfer) {
#if LIBCURL_VERSION_NUM >= 0x075000
    CURLcode result =
        curl_easy_setopt(transfer->easy, CURLOPT_PREREQFUNCTION, count_send);
    if (result == CURLE_OK) {
        transfer->send_is_guarded = true;
        return curl_easy_setopt(transfer->easy, CURLOPT_PREREQDATA, transfer);
    }
#else
    (void)transfer;
#endif
    return CURLE_OK;
}

/* libcurl copies the URL once more, in 7.88 without the scope. */
static CURLcode set_scope(struct transfer *transfer) {
    unsigned scope = endpoint_scope(transfer->url);
    if (scope == 0) return CURLE_OK;
    return curl_easy_setopt(transfer->easy, CURLOPT_ADDRESS_SCOPE, (long)scope);
}

/* Points the copied handle at its transfer. */
static CURLcode set_pointers(struct transfer *transfer) {
    const struct {
        CURLoption option;
        void *value;
    } pointers[] = {
        {CURLOPT_HEADERDATA, transfer},
        {CURLOPT_WRITEDATA, transfer},
        {CURLOPT_ERRORBUFFER, transfer->error_text},
        {CURLOPT_CURLU, transfer->url},
        {CURLOPT_PRIVATE, transfer},
    };
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) {
        CURLcode result = curl_easy_setopt(transfer->easy, pointers[i].option,
                                           pointers[i].value);
        if (result != CURLE_OK) return result;
    }
    return guard_send(transfer);
}

struct transfer *transfer_push(lua_State *L, size_t max_response_bytes) {
    struct transfer *transfer = lua_newuserdata(L, sizeof *transfer);
    memset(transfer, 0, sizeof *transfer);
    request_init(&transfer->request);
    response_init(&transfer->response, max_response_bytes);
    transfer->owner = getpid();
    transfer->descriptor = -1;
    luaL_getmetatable(L, TRANSFER_TYPE);
    lua_setmetatable(L, -2);
    return transfer;
}

void transfer_equip(lua_State *L, struct transfer *transfer, CURL *profile,
                    const struct transfer_traits *traits, CURLU *url) {
    transfer->traits = *traits;
    transfer->easy = curl_easy_duphandle(profile);
    transfer->url = endpoint_copy(url);
    if (transfer->easy == NULL || transfer->url == NULL ||
        set_pointers(transfer) != CURLE_OK || set_scope(transfer) != CURLE_OK) {
        transfer_release(transfer);
        luaL_error(L, "not enough memory");
    }
}

bool transfer_set_key_password(struct transfer *transfer, const char *password,
                               struct failure *failure) {
    CURLcode result =
        curl_easy_setopt(transfer->easy, CURLOPT_KEYPASSWD, password);
    return result == CURLE_OK || note_option_failure(failure, result);
}

static CURLcode set_limits(CURL *easy, const struct transfer_limits *limits) {
    const struct long_option longs[] = {
        {CURLOPT_TIMEOUT_MS, limits->timeout_ms},
        {CURLOPT_CONNECTTIMEOUT_MS, limits->connect_timeout_ms},
    };
    return set_longs(easy, longs, 2);
}

/* Method and body. Without a body the request is as a GET's, whatever its
 * method, but for POST, which then says that its body is empty: its pointer
 * must not be NULL, or libcurl would read standard input. POSTFIELDS makes
 * the method POST, so the method comes after it. */
static CURLcode set_method(CURL *easy, const struct request *request,
                           const char *method) {
    bool is_post = strcmp(method, "POST") == 0;
    bool has_fields = request->body.length > 0 || is_post;
    bool is_plain = is_post || strcmp(method, "GET") == 0;
    CURLcode result = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                       (curl_off_t)request->body.length);
    if (result == CURLE_OK) {
        result = curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                                  request->body.length > 0 ? request->body.data
                                                           : "");
    }
    if (result == CURLE_OK) {
        result = curl_easy_setopt(
            easy, has_fields ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    }
    if (result == CURLE_OK) {
        result = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST,
                                  is_plain ? NULL : method);
    }
    return result;
}

static CURLcode set_exchange(struct transfer *transfer,
                             const struct transfer_limits *limits) {
    CURL *easy = transfer->easy;
    struct request *request = &transfer->request;
    CURLcode result = set_limits(easy, limits);
    if (result == CURLE_OK) {
        result = curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    }
    if (result == CURLE_OK) {
        result = curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
    }
    if (result == CURLE_OK) {
        result = set_method(easy, request, transfer->route->method);
    }
    return result;
}

/* The path of this exchange, and its query: NULL clears that of another. */
static bool set_target(CURLU *url, const struct request *request) {
    const char *query = request->query.length > 0 ? request->query.data : NULL;
    return curl_url_set(url, CURLUPART_PATH, request->path.data, 0) ==
               CURLUE_OK &&
           curl_url_set(url, CURLUPART_QUERY, query, 0) == CURLUE_OK;
}

bool transfer_prepare(struct transfer *transfer,
                      const struct transfer_limits *limits,
                      struct failure *failure) {
    if (!set_target(transfer->url, &transfer->request)) {
        return failure_out_of_memory(failure);
    }
    CURLcode result = set_exchange(transfer, limits);
    if (result != CURLE_OK) return note_option_failure(failure, result);
    response_clear(&transfer->response);
    transfer->limits = *limits;
    transfer->sends = 0;
    transfer->nameless = false;
    transfer->interrupted = false;
    transfer->cancelled = false;
    transfer->error_text[0] = '\0';
    return true;
}

/* Facts that only the handle knows, read while it still has them. */
static void note_facts(struct transfer *transfer) {
    long connects = 0;
    CURLcode answered = curl_easy_getinfo(
        transfer->easy, CURLINFO_RESPONSE_CODE, &transfer->response.status);
    if (answered != CURLE_OK) {
        transfer->response.status = 0;
        transfer->result = answered; /* without a status it is no answer */
    }
    if (curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connects) !=
        CURLE_OK) {
        connects = 1;
    }
    transfer->reused_connection = transfer->sends > 0 && connects == 0;
    if (transfer->send_is_guarded) return;
    double before_sending = 0;
    CURLcode known = curl_easy_getinfo(
        transfer->easy, CURLINFO_PRETRANSFER_TIME, &before_sending);
    transfer->sends = known != CURLE_OK || before_sending > 0;
}

/* Those of a certificate that the bundle may know, or of a directory whose
 * files went away while the handle was in use. */
static bool may_be_in_bundle(const struct transfer *transfer, CURLcode result) {
    /* Within the TLS of a proxy, what was wrong can be lost. */
    if (result == CURLE_SSL_CONNECT_ERROR) {
        return transfer->traits.proxy_speaks_tls;
    }
    return result == CURLE_PEER_FAILED_VERIFICATION ||
           result == CURLE_SSL_ISSUER_ERROR ||
           result == CURLE_SSL_CACERT_BADFILE;
}

bool transfer_repeats(struct transfer *transfer, CURLcode result) {
    if (transfer->sends > 0 || !may_be_in_bundle(transfer, result) ||
        !transfer_add_bundle(transfer) ||
        transfer_spend_waited(transfer) != CURLE_OK) {
        return false;
    }
    transfer->error_text[0] = '\0';
    return true;
}

bool transfer_add_bundle(struct transfer *transfer) {
    if (!transfer->traits.bundle_is_left) return false;
    transfer->traits.bundle_is_left = false;
    return authorities_add_bundle(transfer->easy) == CURLE_OK;
}

void transfer_begin(struct transfer *transfer) {
    transfer->started = system_monotonic();
}

/* The handle's own facts would be those of the exchange before. */
void transfer_end_unsent(struct transfer *transfer, CURLcode result) {
    transfer->result = result;
    transfer->elapsed = system_monotonic() - transfer->started;
    transfer->reused_connection = false;
}

void transfer_end(struct transfer *transfer, CURLcode result) {
    transfer_end_unsent(transfer, result);
    note_facts(transfer);
}

double transfer_deadline(const struct transfer *transfer) {
    return transfer->started + (double)transfer->limits.timeout_ms / 1000;
}

CURLcode transfer_spend_waited(struct transfer *transfer) {
    struct transfer_limits left = transfer->limits;
    long waited = (long)((system_monotonic() - transfer->started) * 1000);
    if (waited < 1) return CURLE_OK;
    left.timeout_ms -= waited;
    if (left.timeout_ms < 1) return CURLE_OPERATION_TIMEDOUT;
    return set_limits(transfer->easy, &left);
}

struct transfer *transfer_of(CURL *easy) {
    char *data = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &data) != CURLE_OK) {
        return NULL;
    }
    return (struct transfer *)(void *)data;
}

void transfer_disconnect(struct transfer *transfer) {
    int descriptor = transfer->descriptor;
    transfer->descriptor = -1;
    if (descriptor >= 0) close(descriptor);
}

void transfer_clear(struct transfer *transfer) {
    request_clear(&transfer->request);
    response_clear(&transfer->response);
}

/* After a fork the handle may be in the parent's curl_multi: it is let go. */
void transfer_release(struct transfer *transfer) {
    if (transfer->ticket != NULL) transfer->withdraw(transfer);
    transfer_disconnect(transfer);
    CURL *easy = transfer->easy;
    CURLU *url = transfer->url;
    transfer->easy = NULL;
    transfer->url = NULL;
    if (transfer->owner == getpid()) curl_easy_cleanup(easy);
    curl_url_cleanup(url);
    request_free(&transfer->request);
    response_free(&transfer->response);
}

static int transfer_gc(lua_State *L) {
    struct transfer *transfer = compat_testudata(L, 1, TRANSFER_TYPE);
    if (transfer != NULL) transfer_release(transfer);
    return 0;
}

void transfer_open(lua_State *L) {
    static const luaL_Reg metamethods[] = {{"__gc", transfer_gc}, {NULL, NULL}};
    compat_newmetatable(L, TRANSFER_TYPE, metamethods);
    lua_pop(L, 1);
}
