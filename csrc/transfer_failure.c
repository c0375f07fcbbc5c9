/* What a CURLcode and the facts of an exchange mean for the caller. */
#include <errno.h>
#include <string.h>

#include "transfer.h"

static const struct meaning {
    CURLcode result;
    const char *kind;
    const char *code;
    const char *text;
} meanings[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "network", "dns_failure",
     "the host name does not resolve"},
    {CURLE_COULDNT_RESOLVE_PROXY, "network", "dns_failure",
     "the proxy's host name does not resolve"},
    {CURLE_COULDNT_CONNECT, "network", "connect_failed",
     "no connection can be made"},
    {CURLE_SEND_ERROR, "network", "connection_lost",
     "the connection was lost while sending"},
    {CURLE_RECV_ERROR, "network", "connection_lost",
     "the connection was lost before the answer was complete"},
    {CURLE_GOT_NOTHING, "network", "connection_lost",
     "the connection was closed without an answer"},
    {CURLE_SSL_CONNECT_ERROR, "tls", "handshake_failed",
     "the TLS handshake failed"},
    {CURLE_PEER_FAILED_VERIFICATION, "tls", "certificate_invalid",
     "the server's certificate was not accepted"},
    {CURLE_SSL_ISSUER_ERROR, "tls", "certificate_invalid",
     "the server's certificate was not accepted"},
    {CURLE_SSL_INVALIDCERTSTATUS, "tls", "certificate_invalid",
     "the server's certificate was not accepted"},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, "tls", "certificate_invalid",
     "the server's certificate was not accepted"},
    {CURLE_SSL_CACERT_BADFILE, "setup", "ca_unusable",
     "the trusted certificates cannot be used: check ca_file, or without it "
     "the system's store (the package ca-certificates)"},
    {CURLE_SSL_CERTPROBLEM, "setup", "client_cert_unusable",
     "the client certificate cannot be used: check client_cert and "
     "client_key"},
    {CURLE_SSL_CIPHER, "tls", "handshake_failed", "the TLS handshake failed"},
    {CURLE_SSL_ENGINE_NOTFOUND, "setup", "tls_unavailable",
     "libcurl's TLS library is not usable"},
    {CURLE_PARTIAL_FILE, "response", "truncated",
     "the answer is shorter than announced"},
    {CURLE_WEIRD_SERVER_REPLY, "response", "not_http",
     "the answer is not HTTP"},
    {CURLE_BAD_FUNCTION_ARGUMENT, "response", "not_http",
     "the answer's head is not HTTP"},
    {CURLE_UNSUPPORTED_PROTOCOL, "response", "not_http",
     "the answer is not HTTP that truto speaks"},
    {CURLE_BAD_CONTENT_ENCODING, "response", "ambiguous_framing",
     "nobody knows where the answer ends"},
    {CURLE_HTTP2, "network", "connection_lost", "the HTTP/2 connection failed"},
    {CURLE_HTTP2_STREAM, "network", "connection_lost",
     "the HTTP/2 stream was ended by the server"},
#if LIBCURL_VERSION_NUM >= 0x074900
    {CURLE_PROXY, "network", "proxy_failed", "the proxy refused"},
#endif
#if LIBCURL_VERSION_NUM >= 0x080600
    {CURLE_TOO_LARGE, "response", "headers_too_large",
     "a header line of the answer is too long for libcurl"},
#endif
    /* The URL was parsed before, so only memory can have been wanting. */
    {CURLE_URL_MALFORMAT, "setup", "out_of_memory", "not enough memory"},
    {CURLE_OUT_OF_MEMORY, "setup", "out_of_memory", "not enough memory"},
};

static const struct meaning *find_meaning(CURLcode result) {
    static const struct meaning other = {CURLE_OK, "network", "transfer_failed",
                                         "the exchange failed"};
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        if (meanings[i].result == result) return &meanings[i];
    }
    return &other;
}

static long connect_answer(const struct transfer *transfer) {
    long status = 0;
    CURLcode known =
        curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return known == CURLE_OK ? status : 0;
}

/* Before the proxy has answered CONNECT, nobody else speaks TLS with us. */
static bool is_between_proxy(const struct transfer *transfer) {
    return transfer->traits.proxy_speaks_tls && transfer->sends == 0 &&
           connect_answer(transfer) == 0;
}

static const char *text_of(const struct meaning *meaning,
                           const struct transfer *transfer) {
    if (strcmp(meaning->kind, "tls") != 0 || !is_between_proxy(transfer)) {
        return meaning->text;
    }
    return strcmp(meaning->code, "certificate_invalid") == 0
               ? "the proxy's certificate was not accepted"
               : "the TLS handshake with the proxy failed";
}

/* Whether a proxy stands in between; false where NO_PROXY may have spared the
 * host and libcurl (before 8.7) does not tell. */
static bool is_proxied(const struct transfer *transfer) {
#if LIBCURL_VERSION_NUM >= 0x080700
    long used = 0;
    if (curl_easy_getinfo(transfer->easy, CURLINFO_USED_PROXY, &used) ==
        CURLE_OK) {
        return used != 0;
    }
#endif
    return transfer->traits.proxy_is_sure;
}

/* What to do about a certificate, where that is known: the TLS libraries' own
 * words for an authority that is not trusted. */
static const char *remedy_of(const struct meaning *meaning,
                             const char *detail) {
    static const char *const untrusted[] = {
        "issuer", "self-signed", "self signed",
        "unable to verify the first certificate",
        "certificate verification failed"};
    if (strcmp(meaning->code, "certificate_invalid") != 0) return "";
    for (size_t i = 0; i < sizeof untrusted / sizeof untrusted[0]; i++) {
        if (strstr(detail, untrusted[i]) != NULL) {
            return "; name the file of an authority to trust by ca_file, or "
                   "TRUTO_CA_FILE";
        }
    }
    return "";
}

/* Before 7.88 libcurl gives each address but the last half of the time that is
 * left, the last one too, and then names the errno of any of them. */
static bool waited_for_address(const struct transfer *transfer) {
    double name_known = 0;
    if (transfer->result != CURLE_COULDNT_CONNECT ||
        curl_version_info(CURLVERSION_NOW)->version_num >= 0x075800 ||
        curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME,
                          &name_known) != CURLE_OK) {
        return false;
    }
    double limit = (double)transfer->limits.connect_timeout_ms / 1000;
    return transfer->elapsed - name_known > 0.4 * limit;
}

static bool was_refused(const struct transfer *transfer) {
    long number = 0;
    CURLcode known =
        curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
    return known == CURLE_OK && number == ECONNREFUSED;
}

/* What a ceiling, a signal or the guard stopped; libcurl itself only says
 * that a callback returned an error. */
static bool note_own_abort(const struct transfer *transfer,
                           struct failure *failure) {
    const struct response *response = &transfer->response;
    if (transfer->cancelled) {
        return failure_set(failure, "interrupted", "cancelled",
                           "the call was cancelled");
    }
    if (transfer->interrupted) {
        return failure_set(failure, "interrupted", "interrupted",
                           "interrupted by a signal");
    }
    if (transfer->nameless) {
        return failure_set(failure, "tls", "certificate_invalid",
                           "the server's certificate has no subject "
                           "alternative name, only a common name");
    }
    if (response->head.fields.status == BUFFER_NO_MEMORY ||
        response->body.status == BUFFER_NO_MEMORY) {
        return failure_out_of_memory(failure);
    }
    if (transfer->result == CURLE_ABORTED_BY_CALLBACK) {
        return failure_set(failure, "network", "connection_lost",
                           "the kept connection was closed after the request "
                           "was written; it was not sent again");
    }
    if (response->head.fields.status == BUFFER_FULL) {
        return failure_set(failure, "response", "headers_too_large",
                           "the answer has more than 64 KiB or 256 lines of "
                           "headers");
    }
    if (response->head.problem != NULL) {
        bool is_malformed = response->head.is_malformed;
        return failure_set(failure, "response",
                           is_malformed ? "not_http" : "ambiguous_framing",
                           "%s: the answer's head has %s%s",
                           is_malformed ? "the answer is not HTTP"
                                        : "nobody knows where the answer ends",
                           response->head.problem, transfer->route->fate);
    }
    if (response->body.status == BUFFER_FULL) {
        return failure_set(failure, "response", "body_too_large",
                           "the answer is larger than max_response_bytes "
                           "(%zu)",
                           response->body.ceiling);
    }
    return true;
}

static void note_timeout(const struct transfer *transfer,
                         struct failure *failure) {
    if (transfer->sends == 0) {
        failure_set(failure, "timeout", "connect_timeout",
                    "no connection within %.3g s%s", transfer->elapsed,
                    is_proxied(transfer) ? " through the proxy" : "");
    } else {
        failure_set(failure, "timeout", "timeout",
                    "no complete answer within %.3g s%s", transfer->elapsed,
                    transfer->route->fate);
    }
}

/* Before anything was sent: newer versions say of a key only that an argument
 * was bad, and with GnuTLS the handshake is said to fail, though it never
 * began. */
static bool is_key_unread(const struct transfer *transfer) {
    static const char of_gnutls[] = "error reading X.509";
    return transfer->sends == 0 &&
           (transfer->result == CURLE_BAD_FUNCTION_ARGUMENT ||
            strncmp(transfer->error_text, of_gnutls, sizeof of_gnutls - 1) ==
                0);
}

/* Whatever ended a body, and however the TLS library puts it. */
static bool is_body_cut(const struct transfer *transfer) {
    if (transfer->sends == 0 || transfer->response.head.place != HEAD_WHOLE) {
        return false;
    }
    return transfer->result == CURLE_RECV_ERROR ||
           transfer->result == CURLE_SEND_ERROR ||
           transfer->result == CURLE_GOT_NOTHING ||
           transfer->result == CURLE_SSL_CONNECT_ERROR;
}

/* What versions of libcurl and TLS libraries call differently, by one name.
 * Some see for themselves what framing.c refuses. */
static CURLcode result_of(const struct transfer *transfer) {
    if (transfer->result == CURLE_WEIRD_SERVER_REPLY &&
        strstr(transfer->error_text, "Content-Length") != NULL) {
        return CURLE_BAD_CONTENT_ENCODING;
    }
    if (is_key_unread(transfer)) return CURLE_SSL_CERTPROBLEM;
    if (is_body_cut(transfer)) return CURLE_PARTIAL_FILE;
    return transfer->result;
}

static void note_result(const struct transfer *transfer,
                        struct failure *failure) {
    const struct meaning *meaning = find_meaning(result_of(transfer));
    /* libcurl repeats a proxy that it cannot read, with its password. */
    bool shown = transfer->error_text[0] != '\0' &&
                 strncmp(transfer->error_text, "Unsupported proxy",
                         strlen("Unsupported proxy")) != 0;
    const char *detail =
        shown ? transfer->error_text : curl_easy_strerror(transfer->result);
    failure_set(failure, meaning->kind, meaning->code, "%s: %s%s",
                text_of(meaning, transfer), detail, remedy_of(meaning, detail));
    if (transfer->result == CURLE_OUT_OF_MEMORY && transfer->sends > 0 &&
        transfer->response.body.length == 0) {
        failure_set(failure, "response", "headers_too_large",
                    "a header line of the answer is over 100 kB, or memory "
                    "ran out: libcurl does not tell which");
    }
    long answer = connect_answer(transfer);
    if (transfer->sends == 0 && answer > 299) {
        failure_set(failure, "network", "proxy_failed",
                    "the proxy answered CONNECT with HTTP %ld", answer);
    } else if (transfer->result == CURLE_COULDNT_CONNECT &&
               is_proxied(transfer)) {
        failure_set(failure, "network", "proxy_failed",
                    "the proxy cannot be reached: %s; check the option proxy, "
                    "else HTTPS_PROXY",
                    detail);
    } else if (transfer->result == CURLE_COULDNT_CONNECT &&
               was_refused(transfer)) {
        failure->code = "connection_refused";
    }
}

/* An error's status is worth more than the end of its body, and what follows
 * 101 is another protocol. */
static bool is_enough(const struct transfer *transfer) {
    const struct response *response = &transfer->response;
    if (response->head.place != HEAD_WHOLE || transfer->interrupted) {
        return false;
    }
    return transfer->result == CURLE_OK || response->head.status == 101 ||
           (response->status > 299 && response->body.status == BUFFER_FULL);
}

bool transfer_succeeded(const struct transfer *transfer,
                        struct failure *failure) {
    if (is_enough(transfer)) return true;
    if (!note_own_abort(transfer, failure)) {
        /* noted */
    } else if (transfer->result == CURLE_OK) {
        failure_set(failure, "network", "connection_lost",
                    "the connection was closed before an answer began");
    } else if (transfer->result == CURLE_OPERATION_TIMEDOUT ||
               waited_for_address(transfer)) {
        note_timeout(transfer, failure);
    } else {
        note_result(transfer, failure);
    }
    failure->outcome = transfer->sends > 0 ? "unknown" : "not_sent";
    return false;
}
