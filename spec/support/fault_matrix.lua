--- What one call can meet on its way, and what must come of it. For
--- spec/faults/matrix_spec.lua. Fields:
---   name      with the ids of the list of faults
---   at        what the server's port does, as its listeners are called;
---             "https" unless given
---   fault     of the request's path; the port is a good one then. It goes
---             away after the call's attempts
---   with      more of the fault's arguments
---   kept      what is met on a connection that was used before: a fault, or
---             true for what the port does
---   again     the call after this one goes to another host
---   through   what the port does as the client's proxy
---   options   of the client
---   err       { kind, code, outcome }; nil: the call succeeds
---   says      a part of the message
---   attempts  3 unless given
---   requests  that the server read; as many as attempts unless given
---   hangs     nothing but a limit of the client's would end the call

-- Ends each attempt, or the call. A request that must be sent before has its
-- connection already.
local ATTEMPTS = { connect_timeout = 0.05, max_attempts = 2 }
local DEADLINE = { deadline = 0.05 }
local SENT = { deadline = 0.15 }

local LOST = { "network", "connection_lost", "unknown" }
local TRUNCATED = { "response", "truncated", "unknown" }
local NO_CONNECTION = { "timeout", "connect_timeout", "not_sent" }
local NO_ANSWER = { "timeout", "timeout", "unknown" }
local HANDSHAKE = { "tls", "handshake_failed", "not_sent" }
local CERTIFICATE = { "tls", "certificate_invalid", "not_sent" }
local REDIRECT = { "api", "redirect", "rejected" }
local NO_OBJECT = { "response", "not_json_object", "unknown" }
local BIG_BODY = { "response", "body_too_large", "unknown" }
local BIG_HEAD = { "response", "headers_too_large", "unknown" }
local FRAMING = { "response", "ambiguous_framing", "unknown" }
local PROXY = { "network", "proxy_failed", "not_sent" }

return {
  -- Network
  { name = "refused (N01)", at = "refused", requests = 0,
    err = { "network", "connection_refused", "not_sent" } },
  { name = "a full backlog (N02)", at = "backlog_full", options = ATTEMPTS,
    attempts = 2, requests = 0, hangs = true, err = NO_CONNECTION },
  { name = "a full backlog until the deadline (N02)", at = "backlog_full",
    options = DEADLINE, attempts = 1, requests = 0, hangs = true,
    err = NO_CONNECTION },
  { name = "no such host (N03)", again = "another host", requests = 0,
    options = { base_url = "https://no-such-host.invalid" },
    err = { "network", "dns_failure", "not_sent" } },
  { name = "closed before it is read (N06)", at = "https_close_before_read",
    requests = 0, err = LOST },
  { name = "reset before it is read (N06)", at = "https_reset_before_read",
    requests = 0, err = LOST },
  { name = "closed without an answer (N07)", fault = "close-after-read",
    err = LOST },
  { name = 'closed without an answer, "not_sent" (N07)',
    fault = "close-after-read", options = { retry = "not_sent" },
    attempts = 1, err = LOST },
  { name = "reset without an answer (N08)", fault = "reset-after-read",
    err = LOST },
  { name = 'reset without an answer, "not_sent" (N08)',
    fault = "reset-after-read", options = { retry = "not_sent" },
    attempts = 1, err = LOST },
  { name = "closed when used again (N09)", kept = "reuse-close",
    options = { max_attempts = 1 }, attempts = 1, err = LOST },
  { name = "reset when used again (N09)", kept = "reuse-reset",
    options = { max_attempts = 1 }, attempts = 1, err = LOST },
  { name = "closed when used again, retried (N09)", kept = "reuse-close",
    attempts = 2 },
  { name = "reset when used again, retried (N09)", kept = "reuse-reset",
    attempts = 2 },
  { name = "no answer (N12)", kept = "reuse-silent", options = SENT,
    attempts = 1, hangs = true, err = NO_ANSWER },
  { name = "half a head (N12)", kept = "reuse-stall-head", options = SENT,
    attempts = 1, hangs = true, err = NO_ANSWER },
  { name = "half a body (N12)", kept = "reuse-stall-body", options = SENT,
    attempts = 1, hangs = true, err = NO_ANSWER },
  { name = "a byte now and then (N12)", kept = "reuse-slow", options = SENT,
    attempts = 1, hangs = true, err = NO_ANSWER },
  { name = "a short body (N14)", fault = "short-body", err = TRUNCATED },
  { name = "a short body, reset (N14)", fault = "short-body-reset",
    err = TRUNCATED },
  { name = "a missing chunk (N14)", fault = "short-chunk",
    err = TRUNCATED },
  { name = "a proxy that wants a password (N19)", through = "proxy_407",
    requests = 0, err = PROXY, says = "407" },
  { name = "a proxy that finds nobody (N19)", through = "proxy_502",
    requests = 0, err = PROXY, says = "502" },
  { name = "a proxy without an answer (N19)", through = "proxy_silent",
    options = DEADLINE, attempts = 1, requests = 0, hangs = true,
    err = NO_CONNECTION },
  { name = "a proxy that is not there (N19)", through = "refused",
    requests = 0, err = PROXY, says = "the proxy cannot be reached" },
  -- TLS
  { name = "another host's certificate (T01)", at = "wrong_host",
    attempts = 1, requests = 0, err = CERTIFICATE, says = "localhost" },
  { name = "an expired certificate (T02)", at = "expired", attempts = 1,
    requests = 0, err = CERTIFICATE, says = "expired" },
  { name = "an unknown authority (T03)", at = "unknown_ca", attempts = 1,
    requests = 0, err = CERTIFICATE, says = "issuer" },
  { name = "a name only in CN (T04)", at = "cn_only", attempts = 1,
    requests = 0, err = CERTIFICATE, says = "only a common name" },
  { name = "TLS 1.1 at most (T05)", at = "tls11", requests = 0,
    err = HANDSHAKE },
  { name = "a handshake that stalls (T10)", at = "stalled_handshake",
    options = ATTEMPTS, attempts = 2, requests = 0, hangs = true,
    err = NO_CONNECTION },
  { name = "a handshake that stalls until the deadline (T10)",
    at = "stalled_handshake", options = DEADLINE, attempts = 1, requests = 0,
    hangs = true, err = NO_CONNECTION },
  { name = "plain text for a handshake", at = "plain_answer", requests = 0,
    err = HANDSHAKE },
  { name = "a certificate that changed (T14)", at = "expired", kept = true,
    attempts = 1, requests = 1 },
  -- HTTP
  { name = "301 to the same host (H01)", fault = "redirect",
    with = "status=301,to=same", attempts = 1, err = REDIRECT },
  { name = "307 to another host (H02)", fault = "redirect",
    with = "status=307,to=other", attempts = 1, err = REDIRECT },
  { name = "308 to http (H03)", fault = "redirect",
    with = "status=308,to=http", attempts = 1, err = REDIRECT },
  { name = "302 to a file (H03)", fault = "redirect",
    with = "status=302,to=file", attempts = 1, err = REDIRECT },
  { name = "401 that echoes the token (H04)", fault = "echo-token",
    with = "status=401", attempts = 1,
    err = { "api", "unauthorized", "rejected" }, says = "[secret]" },
  { name = "429, then success (H05)", fault = "status",
    with = "status=429,times=1,retry-after=7", attempts = 2 },
  { name = "503 with a wild Retry-After (H06)", fault = "status",
    with = "status=503,retry-after=99999999999999999999", attempts = 2,
    err = { "api", "unavailable", "unknown" } },
  { name = "a Retry-After beyond the deadline (H07)", fault = "status",
    with = "status=429,retry-after=30", options = { deadline = 20 },
    attempts = 1, err = { "api", "rate_limited", "rejected" } },
  { name = "503 for ever (H08)", fault = "status", with = "status=503",
    err = { "api", "unavailable", "unknown" } },
  { name = "500 twice, then success (H09)", fault = "status",
    with = "status=500,times=2", attempts = 3 },
  { name = "200 without a body (H11)", fault = "body", with = "status=empty",
    attempts = 1, err = NO_OBJECT },
  { name = "204 (H11)", fault = "status", with = "status=204", attempts = 1,
    err = NO_OBJECT },
  { name = "417 (H13)", fault = "status", with = "status=417", attempts = 1,
    err = { "api", "client_error", "rejected" } },
  { name = "chunks without end (H14)", fault = "chunked-huge",
    with = "size=3e6", attempts = 1, err = BIG_BODY },
  { name = "a gzip bomb (H15)", fault = "gzip-bomb", with = "size=1500000",
    attempts = 1, err = NO_OBJECT },
  { name = "200 kB of headers (H16)", fault = "big-headers",
    with = "size=200000", attempts = 1, err = BIG_HEAD },
  { name = "300 headers (H16)", fault = "many-headers",
    with = "count=300", attempts = 1, err = BIG_HEAD },
  { name = "a server that prefers HTTP/2 (H19)", at = "offers_http2",
    attempts = 1, requests = 1 },
  { name = "an error in HTML (H24)", fault = "status",
    with = "status=400,body=html", attempts = 1,
    err = { "api", "bad_request", "rejected" } },
  { name = "two lengths (H25)", fault = "head", with = "status=two-lengths",
    attempts = 1, err = FRAMING, says = "Content-Length" },
  { name = "a length beside chunks (H25)", fault = "head",
    with = "status=length-beside-chunked", attempts = 1, err = FRAMING },
  { name = "a fold before the first field (H26)", fault = "head",
    with = "status=folded-first", attempts = 1,
    err = { "response", "not_http", "unknown" } },
  { name = "101", fault = "head", with = "status=switching", attempts = 1,
    err = { "api", "unexpected_status", "unknown" } },
  { name = "no HTTP", fault = "garbage-status-line", attempts = 1,
    err = { "response", "not_http", "unknown" } },
  -- JSON
  { name = "an answer 1001 deep (J05)", fault = "body",
    with = "status=nested-1001", attempts = 1, err = NO_OBJECT },
  { name = "NaN in the answer (J11)", fault = "body", with = "status=nan",
    attempts = 1, err = NO_OBJECT },
}
