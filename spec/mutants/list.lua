--- Mutations of the sources, each with the specs that must fail for it.
--
-- A row: `breaks` is the promise that the mutation breaks; `text` stands once
-- in `file`, and `becomes` takes its place; of the specs in `spec`, those that
-- fit busted's `filter` pass without the mutation, and one fails with it.
-- `make mutants` tries them all; spec/repository/mutants_spec.lua holds that
-- the texts still stand where they are changed.

local mutants = {}

local function add(row) mutants[#mutants + 1] = row end

-- The background thread.
add {
  breaks = "a number that was used up fits no later exchange",
  file = "csrc/ticket.c",
  text = "ticket->generation == number >> 16",
  becomes = "true",
  spec = "spec/background/driver_spec.lua",
  filter = "number of an earlier exchange",
}
add {
  breaks = "too many calls are refused",
  file = "csrc/ticket.c",
  text = "tickets->waiting < limit ? find_free(tickets) : NULL",
  becomes = "find_free(tickets)",
  spec = "spec/background/driver_spec.lua",
  filter = "lets one wait and refuses the next at once",
}
add {
  breaks = "the time in the queue counts",
  file = "csrc/pool.c",
  text = "CURLcode result = transfer_spend_waited(transfer);",
  becomes = "CURLcode result = CURLE_OK;",
  spec = "spec/background/driver_spec.lua",
  filter = "takes the time of waiting off the timeout",
}
add {
  breaks = "a call that waits in the queue ends at its timeout",
  file = "csrc/pool.c",
  text = "if (transfer_deadline(transfer) > now) continue;",
  becomes = "continue;",
  spec = "spec/background/driver_spec.lua",
  filter = "lets one wait and refuses the next at once",
}
add {
  breaks = "connections that nobody uses are closed",
  file = "csrc/pool.c",
  text = "pool->settings.keep_idle > 0 && pool->last_used > 0 &&",
  becomes = "false &&",
  spec = "spec/background/driver_spec.lua",
  filter = "closes connections that nobody uses",
}
add {
  breaks = "callers are accepted again after descriptors ran out",
  file = "csrc/background_loop.c",
  text = "    watch_listener(loop, EPOLL_CTL_MOD, EPOLLIN);\n",
  becomes = "",
  spec = "spec/background/process_spec.lua",
  filter = "accepts again once there are descriptors",
}
add {
  breaks = "the thread wakes up to accept again",
  file = "csrc/background_loop.c",
  text = "if (loop->accept_again > 0 && (end < 0",
  becomes = "if (0 && (end < 0",
  spec = "spec/background/process_spec.lua",
  filter = "accepts again once there are descriptors",
}
add {
  breaks = "a caller that breaks the protocol is let go",
  file = "csrc/background_loop.c",
  text = "if (count <= 0 || waiter->ticket != NULL) {",
  becomes = "if (count <= 0) {",
  spec = "spec/background/driver_spec.lua",
  filter = "that sends more cancels the exchange",
}
add {
  breaks = "the thread blocks signals",
  file = "csrc/background.c",
  text = "pthread_sigmask(SIG_SETMASK, &blocked, before);",
  becomes = "pthread_sigmask(SIG_SETMASK, NULL, before);",
  spec = "spec/background/process_spec.lua",
  filter = "blocks all signals",
}
add {
  breaks = "the wait for a starved thread ends",
  file = "lua/truto/background.lua",
  text = 'if left <= 0 then return "timeout" end\n',
  becomes = "\n",
  spec = "spec/background/driver_spec.lua",
  filter = "gives up when the thread does not answer in time",
}

-- The caller's thread, and forks.
add {
  breaks = "a child leaves its parent's connections alone",
  file = "csrc/caller.c",
  text = "caller->process == getpid()) return;",
  becomes = "true) return;",
  spec = "spec/core/process_spec.lua",
  filter = "gives the child a connection of its own",
}
add {
  breaks = "Ctrl-C ends a call",
  file = "csrc/caller.c",
  text = "transfer->pool != NULL && !system_interrupted(signals));",
  becomes = "transfer->pool != NULL);",
  spec = "spec/core/process_spec.lua",
  filter = "ends the wait for an answer",
}

-- What libcurl is told.
add {
  breaks = "~/.netrc is not read",
  file = "csrc/transfer.c",
  text = "CURL_NETRC_IGNORED",
  becomes = "CURL_NETRC_OPTIONAL",
  spec = "spec/core/process_spec.lua",
  filter = "has a .netrc that is not read",
}
add {
  breaks = "the server's certificate is verified",
  file = "csrc/transfer.c",
  text = "{CURLOPT_SSL_VERIFYPEER, 1}",
  becomes = "{CURLOPT_SSL_VERIFYPEER, 0}",
  spec = "spec/core/tls_spec.lua",
  filter = "of an unknown authority is refused",
}
add {
  breaks = "the server's name is verified",
  file = "csrc/transfer.c",
  text = "{CURLOPT_SSL_VERIFYHOST, 2}",
  becomes = "{CURLOPT_SSL_VERIFYHOST, 0}",
  spec = "spec/core/tls_spec.lua",
  filter = "for another host is refused",
}
add {
  breaks = "a certificate without alternative names is refused",
  file = "csrc/transfer.c",
  text = "if (names != CERTIFICATE_NAMED) return CURL_PREREQFUNC_ABORT;",
  becomes = "",
  spec = "spec/core/tls_spec.lua",
  filter = "with the name only in CN is refused",
}
add {
  breaks = "redirects are not followed",
  file = "csrc/transfer.c",
  text = "{CURLOPT_FOLLOWLOCATION, 0}",
  becomes = "{CURLOPT_FOLLOWLOCATION, 1}",
  spec = "spec/core/exchange_spec.lua",
  filter = "redirects are not followed",
}
add {
  breaks = "HTTP/1.1 is spoken",
  file = "csrc/transfer.c",
  text = "CURL_HTTP_VERSION_1_1",
  becomes = "CURL_HTTP_VERSION_2TLS",
  spec = "spec/core/exchange_spec.lua",
  filter = "is not spoken, also where the server prefers it",
}
add {
  breaks = "connections are used for five minutes",
  file = "csrc/transfer.c",
  text = "{CURLOPT_MAXLIFETIME_CONN, 300}",
  becomes = "{CURLOPT_MAXLIFETIME_CONN, 3000}",
  spec = "spec/core/clock_spec.lua",
  filter = "is used for five minutes at most",
}
add {
  breaks = "a request is never sent twice",
  file = "csrc/transfer.c",
  text = "return transfer->sends > 1 ? CURL_PREREQFUNC_ABORT : "
    .. "CURL_PREREQFUNC_OK;",
  becomes = "return CURL_PREREQFUNC_OK;",
  spec = "spec/core/exchange_spec.lua",
  filter = "makes one request at the server",
}
add {
  breaks = "a connection is kept only after an answer",
  file = "csrc/transfer.c",
  text = "curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L)",
  becomes = "curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 0L)",
  spec = "spec/core/exchange_spec.lua",
  filter = "on which sending failed is not used again",
}
add {
  breaks = "libcurl does not look for a proxy itself",
  file = "csrc/transfer.c",
  text = 'settings->proxy ? settings->proxy : ""',
  becomes = "settings->proxy",
  spec = "spec/core/exchange_spec.lua",
  filter = "http_proxy and ALL_PROXY get nothing",
}
add {
  breaks = "what was sent is of unknown fate",
  file = "csrc/transfer_failure.c",
  text = 'failure->outcome = transfer->sends > 0 ? "unknown" : "not_sent";',
  becomes = 'failure->outcome = "not_sent";',
  spec = "spec/core/exchange_spec.lua",
  filter = "that ends without an answer",
}
add {
  breaks = "plain http is for loopback only",
  file = "csrc/endpoint.c",
  text = "if (is_loopback(host)) return NULL;",
  becomes = "return NULL;",
  spec = "spec/client/options_spec.lua",
  filter = "refuses plain http but to loopback",
}

-- Bytes that go out.
add {
  breaks = "a segment of dots is refused",
  file = "csrc/request_target.c",
  text = 'return "is a path segment of dots";',
  becomes = "return NULL;",
  spec = "spec/core/routes_spec.lua",
  filter = "is refused wherever it stands",
}
add {
  breaks = "an id is one segment",
  file = "csrc/request_target.c",
  text = "if (request_is_unreserved(byte)) {",
  becomes = "if (request_is_unreserved(byte) || byte == '/') {",
  spec = "spec/core/wire_spec.lua",
  filter = "has the id as one encoded segment",
}
add {
  breaks = "reserved headers are refused",
  file = "csrc/request.c",
  text = "if (is_reserved(name)) {",
  becomes = "if (false) {",
  spec = "spec/core/wire_spec.lua",
  filter = "refuse those that truto sets itself",
}
add {
  breaks = "headers have no control characters",
  file = "csrc/request.c",
  text = "if (has_control(value, length)) {",
  becomes = "if (false) {",
  spec = "spec/core/wire_spec.lua",
  filter = "refuse control characters in names and values",
}
add {
  breaks = "a token is visible ASCII",
  file = "csrc/request.c",
  text = "if (!is_visible_ascii(bytes, length)) {",
  becomes = "if (false) {",
  spec = "spec/core/wire_spec.lua",
  filter = "is refused with control characters, spaces, or empty",
}
add {
  breaks = "depth is limited",
  file = "csrc/json_writer.c",
  text = "if (depth >= JSON_MAX_DEPTH) {",
  becomes = "if (depth > JSON_MAX_DEPTH) {",
  spec = "spec/core/wire_spec.lua",
  filter = "takes 64 levels and refuses 65",
}
add {
  breaks = "strings are UTF-8",
  file = "csrc/utf8.c",
  text = "if ((bytes[k] & 0xc0) != 0x80) return 0;",
  becomes = "(void)0;",
  spec = "spec/core/bytes_spec.lua",
  filter = "is refused elsewhere, as a value and as a key",
}

-- Bytes that come in.
add {
  breaks = "an answer is no larger than allowed",
  file = "csrc/response.c",
  text = "buffer_init(&response->body, max_body);",
  becomes = "buffer_init(&response->body, max_body * 1000);",
  spec = "spec/core/exchange_spec.lua",
  filter = "of 100 MB in chunks stops at the limit",
}
add {
  breaks = "the lines of a head are limited",
  file = "csrc/head.c",
  text = "|| head->lines > LINES_MAX) {",
  becomes = ") {",
  spec = "spec/core/exchange_spec.lua",
  filter = "with more than 256 lines of headers is refused",
}
add {
  breaks = "two ends of one answer are refused",
  file = "csrc/framing.c",
  text = "if (framing->chunked && has_length) {",
  becomes = "if (false) {",
  spec = "spec/core/framing_spec.lua",
  filter = "an answer whose end nobody knows",
}
add {
  breaks = "an answer 5xx leaves the outcome unknown",
  file = "csrc/response.c",
  text = "status >= 300 && status < 500;",
  becomes = "status >= 300 && status < 600;",
  spec = "spec/core/response_spec.lua",
  filter = "an API error",
}

-- Secrets.
add {
  breaks = "the token is masked",
  file = "csrc/request.c",
  text = "if (mask_add(&request->secrets, bytes, length) &&",
  becomes = "if (length > 0 &&",
  spec = "spec/core/routes_spec.lua",
  filter = "that holds the token is not shown",
}
add {
  breaks = "what begins as a secret is masked",
  file = "csrc/mask.c",
  text = "return compared == length || compared >= MASK_PART_LENGTH ? "
    .. "read : 0;",
  becomes = "return compared == length ? read : 0;",
  spec = "spec/core/echo_spec.lua",
  filter = "is in nothing that comes out",
}
add {
  breaks = "a URL shows no secret",
  file = "csrc/request_target.c",
  text = "if (secrets != NULL && mask_finds(secrets, segment, length)) {",
  becomes = "if (secrets != NULL && length == 0) {",
  spec = "spec/core/response_spec.lua",
  filter = "is not shown in its encoded form either",
}
add {
  breaks = "a file that has changed is read again",
  file = "csrc/source.c",
  text = "if (!stamp->settled || stat(path, &status) != 0) return false;",
  becomes = "if (stamp->set) return true;\n    if (stat(path, &status) != "
    .. "0) return false;",
  spec = "spec/core/secret_sources_spec.lua",
  filter = "that was written anew is read again",
}
add {
  breaks = "long texts are not taken for placeholders",
  file = "csrc/placeholder.c",
  text = "return length <= LONGEST &&",
  becomes = "return true &&",
  spec = "spec/core/secret_sources_spec.lua",
  filter = "is at most 128 bytes long",
}
add {
  breaks = "an unknown option that may be a secret is not repeated",
  file = "lua/truto/options.lua",
  text = 'and #key <= 24 and key:find("^[a-z_]+$") then',
  becomes = "then",
  spec = "spec/client/options_spec.lua",
  filter = "do not repeat a name that may be a secret",
}
add {
  breaks = "half a credential pair is a warning",
  file = "lua/truto/config/check.lua",
  text = "if whole == (rawget(values, field.pair) ~= nil) then return end",
  becomes = "if true then return end",
  spec = "spec/config/config_spec.lua",
  filter = "an update with validate",
}

-- Attempts.
add {
  breaks = "the caller's options are copied",
  file = "lua/truto/client.lua",
  text = "local defaults = {}\n  for name, value in pairs(given) do "
    .. "defaults[name] = value end",
  becomes = "local defaults = given",
  spec = "spec/client/options_spec.lua",
  filter = "are read once and left as they are",
}
add {
  breaks = "strict globals are survived",
  file = "lua/truto/host.lua",
  text = "local found, ngx = pcall(function() return _G.ngx end)",
  becomes = "local found, ngx = true, _G.ngx",
  spec = "spec/core/module_spec.lua",
  filter = "asks for no global that may not be there",
}
add {
  breaks = "attempts are limited",
  file = "lua/truto/retry.lua",
  text = "if facts.attempt >= facts.max_attempts then",
  becomes = "if facts.attempt > facts.max_attempts then",
  spec = "spec/client/attempts_spec.lua",
  filter = "ends after max_attempts",
}
add {
  breaks = "not_sent repeats nothing of unknown fate",
  file = "lua/truto/retry.lua",
  text = 'or facts.retry == "not_sent" and facts.outcome == "unknown" then',
  becomes = "then",
  spec = "spec/client/retry_spec.lua",
  filter = "is right for every combination of facts",
}
add {
  breaks = "Retry-After is a minimum",
  file = "lua/truto/retry.lua",
  text = "wait = math.max(wait, M.obeyed(facts.asked))",
  becomes = "",
  spec = "spec/client/attempts_spec.lua",
  filter = "is a minimum",
}
add {
  breaks = "Retry-After is obeyed for a minute",
  file = "lua/truto/retry.lua",
  text = "M.LONGEST_ASKED = 60",
  becomes = "M.LONGEST_ASKED = 3600",
  spec = "spec/client/attempts_spec.lua",
  filter = "is at most a minute",
}
add {
  breaks = "no wait passes the deadline",
  file = "lua/truto/retry.lua",
  text = 'if wait >= facts.left then return nil, "deadline" end',
  becomes = "",
  spec = "spec/client/attempts_spec.lua",
  filter = "that passes the deadline ends the call at once",
}
add {
  breaks = "waits are jittered",
  file = "lua/truto/retry.lua",
  text = "return random * math.min(",
  becomes = "return 1 * math.min(",
  spec = "spec/client/attempts_spec.lua",
  filter = "waits up to twice as long",
}
add {
  breaks = "retries are paid for",
  file = "lua/truto/quota.lua",
  text = "local FULL = 500",
  becomes = "local FULL = 5000",
  spec = "spec/client/retry_spec.lua",
  filter = "has 500 tokens",
}
add {
  breaks = "the outcome is the worst of all attempts",
  file = "lua/truto/attempts.lua",
  text = "run.outcome = worse(run.outcome, err.outcome)",
  becomes = "run.outcome = err.outcome",
  spec = "spec/client/attempts_spec.lua",
  filter = "is the worst of its attempts",
}
add {
  breaks = "an attempt's timeout ends with the deadline",
  file = "lua/truto/attempts.lua",
  text = "sending.timeout = math.min(policy.timeout, seconds)",
  becomes = "sending.timeout = policy.timeout",
  spec = "spec/client/attempts_spec.lua",
  filter = "bounds each attempt",
}
add {
  breaks = "a closed client sends nothing",
  file = "lua/truto/attempts.lua",
  text = "if run.call.client.closed then return nil, closed_error() end",
  becomes = "",
  spec = "spec/client/log_spec.lua",
  filter = "may close the client: then the call ends",
}
add {
  breaks = "callbacks get a copy of the error",
  file = "lua/truto/attempts.lua",
  text = "err = copy(err)",
  becomes = "err = err",
  spec = "spec/client/log_spec.lua",
  filter = "that spoils the event changes nothing",
}
add {
  breaks = "a 429 binds the next calls",
  file = "lua/truto/attempts.lua",
  text = "if facts.status == TOO_MANY_REQUESTS then",
  becomes = "if false then",
  spec = "spec/client/pace_spec.lua",
  filter = "is waited for by the next call",
}
add {
  breaks = "requests that remain are made at once",
  file = "lua/truto/ratelimit.lua",
  text = "if not limits or limits.remaining ~= 0 then return nil end",
  becomes = "if not limits then return nil end",
  spec = "spec/client/ratelimit_spec.lua",
  filter = "asks for a pause only when it is used up",
}

return mutants
