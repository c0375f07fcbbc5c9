--- Every code that an error, an issue or a warning can have, as data: for
--- documents, editors and programs that print errors. The library itself does
--- not read it.
---
--- spec/repository/codes_spec.lua holds it to the sources: each code that is
--- written in csrc/ or lua/ stands here under its kind, and nothing else does.
--- lua/truto/ERRORS.md and lua/truto/code_names.lua are made of it, by
--- `lua5.4 spec/support/write_codes.lua`.

---@class truto.codes.Kind
---@field kind truto.ErrorKind|"warning"
---@field meaning string
---@field codes string[][] the code, what it means, what to do about it

---@type truto.codes.Kind[]
return {
  { kind = "validation",
    meaning = "the input cannot be right; nothing was sent", codes = {
    { "ambiguous_type",
      "a config has fields of several types, or a mark that contradicts the "
        .. "option `type`",
      "name the type: `truto.config.s3 {…}`, or the option `type`" },
    { "empty_changes", "an update without `label`, `config`, `config_secret`, "
      .. "or with nothing in them",
      "give at least one; a nil in a Lua table is not a field" },
    { "empty_filter", "a filter of a list is empty, which could find "
      .. "everything", "leave it out, or give a value" },
    { "empty_secret", "nothing stands where a secret belongs: it would wipe "
      .. "the stored one", "give it; leave the field out to keep what is "
      .. "stored" },
    { "invalid_header", "a header's name is not one, or its value has a "
      .. "control character", "correct it" },
    { "invalid_id", "the id is empty, `.` or `..`, has a NUL, or is too long",
      "give the datastore's id" },
    { "invalid_key", "a table has a key that is neither a name nor a position",
      "use strings, or 1 to n" },
    { "invalid_number", "a number is NaN or infinite", "JSON has no such "
      .. "number; leave it out" },
    { "invalid_private_key", "a private key that nothing can read: no lines "
      .. "BEGIN and END PRIVATE KEY", "the message says what became of it" },
    { "invalid_segment", "a part of the path that is not the id, such as a "
      .. "test's method, is empty, `.` or `..`, has a NUL, or is too long",
      "give its name" },
    { "invalid_url", "not an absolute http or https URL",
      "write it in full, with its scheme" },
    { "invalid_utf8", "a string is not UTF-8", "convert it to UTF-8" },
    { "invalid_value", "not a value that is allowed there",
      "the message says what is" },
    { "missing_field", "a `google_cloud_storage` config has no `credentials`, "
      .. "or empty ones, or a datastore that is to be created lacks a field",
      "give it; a config of an update may say `partial = true`" },
    { "mixed_table", "a table has both positions and names as keys",
      "make it a list, or an object" },
    { "out_of_range", "a number is beyond its limits",
      "the message says what they are" },
    { "placeholder_secret", "a mask or a placeholder stands where a secret "
      .. "belongs: `****`, `[REDACTED]`, `<your_api_key>`, `null`", "give the "
      .. "secret itself; answers never have it. `truto.secret.verbatim` says "
      .. "that it is one" },
    { "reserved_header", "truto sets that header itself", "leave it out" },
    { "sparse_array", "a list has holes", "fill them, as with `truto.null`" },
    { "too_deep", "tables are nested beyond 64, or contain themselves",
      "flatten them" },
    { "too_large", "the request is larger than truto sends",
      "the message says what is too large" },
    { "type_mismatch", "a value has the wrong type",
      "the message says which is expected" },
    { "unknown_field", "there is no such field",
      "the message says which was meant, or where it belongs" },
    { "unknown_type", "not one of the types that `truto.config` knows",
      "see `truto.config.types()`" },
  } },
  { kind = "setup",
    meaning = "this machine or process is not set up; nothing was sent",
    codes = {
    { "background_unavailable", "the background thread cannot be started, or "
      .. "reached", "the message has the system's reason" },
    { "ca_file_unreadable", "`ca_file` cannot be read, or is empty",
      "correct the path, or who may read it" },
    { "ca_unusable", "the trusted certificates cannot be used",
      "`ca_file` must be PEM" },
    { "client_cert_unreadable", "`client_cert` cannot be read, or is empty",
      "correct the path, or who may read it" },
    { "client_cert_unusable", "the client certificate or its key cannot be "
      .. "used", "both must be PEM, and belong together" },
    { "client_closed", "the client was closed during the call",
      "close it when its calls have returned" },
    { "client_key_encrypted", "the client's key has a pass phrase that is not "
      .. "known, or another", "give it as `client_key_password`" },
    { "client_key_unreadable", "`client_key` cannot be read, or is empty",
      "correct the path, or who may read it" },
    { "invalid_base_url", "the base URL cannot be used",
      "give an https URL; http is for loopback" },
    { "invalid_proxy", "the proxy is not a URL that libcurl can use",
      "correct the option `proxy`, else `HTTPS_PROXY`" },
    { "invalid_token", "the token has bytes that no header may have, quotes or "
      .. "a name around it, or is too long", "give the token alone" },
    { "key_file_invalid", "not the key file of a service account",
      "download a JSON key in the Google Cloud console" },
    { "key_file_unreadable", "the key file cannot be read",
      "correct the path, or who may read it" },
    { "libcurl_unsuitable", "this libcurl lacks something that truto needs",
      "install a newer one" },
    { "missing_token", "there is no API token",
      "set `TRUTO_API_TOKEN`, or pass `token`" },
    { "out_of_memory", "memory ran out", "free some" },
    { "phase", "nginx cannot wait in this phase", "use `ngx.timer.at`" },
    { "placeholder_secret", "the API token is a placeholder",
      "give the token itself" },
    { "sandbox_ended", "the sandbox was stopped, or has ended by itself",
      "start another one" },
    { "sandbox_failed", "the sandbox did not start",
      "the message has what it printed" },
    { "sandbox_unavailable", "no Lua here can run the sandbox",
      "install the `http` rock" },
    { "secret_missing", "the environment variable of a secret is not set",
      "set it; nginx needs `env NAME;`" },
    { "secret_unread", "a secret was put into a table while the call was under "
      .. "way", "change nothing that a call was given" },
    { "secret_unreadable", "a secret's file, descriptor, function or terminal "
      .. "gave none",
      "the message says which, and why" },
    { "tls_unavailable", "libcurl's TLS library cannot be used",
      "install libcurl as your system ships it" },
    { "too_many_in_flight", "more updates are under way than the background "
      .. "thread takes", "wait for some, or raise its limit" },
  } },
  { kind = "network", meaning = "no connection, or it was lost", codes = {
    { "connect_failed", "no connection can be made",
      "the message has the system's reason" },
    { "connection_lost", "the connection ended before a whole answer came",
      "see `outcome`; the call can be repeated" },
    { "connection_refused", "nobody listens there",
      "check `base_url`, and that the server runs" },
    { "dns_failure", "a host name does not resolve",
      "check `base_url`, and this machine's resolver" },
    { "proxy_failed", "the proxy refused",
      "check the option `proxy`, else `HTTPS_PROXY`" },
    { "transfer_failed", "libcurl failed for a reason of its own",
      "the message has its words" },
  } },
  { kind = "tls", meaning = "the server could not show who it is", codes = {
    { "certificate_invalid", "the server's certificate is not accepted",
      "where it has an authority of its own, name it: `ca_file`, or "
        .. "`TRUTO_CA_FILE`" },
    { "handshake_failed", "the TLS handshake failed",
      "the server must speak TLS 1.2 or later" },
  } },
  { kind = "timeout", meaning = "no answer in time", codes = {
    { "connect_timeout", "no connection within the time for it",
      "check the network, or raise `connect_timeout`" },
    { "deadline", "the deadline passed before an attempt could begin",
      "raise `deadline`" },
    { "timeout", "no complete answer within the time of an attempt",
      "see `outcome`; raise `timeout`" },
  } },
  { kind = "api",
    meaning = "Truto answered with a status that is not 2xx", codes = {
    { "bad_gateway", "HTTP 502", "try later" },
    { "bad_request", "HTTP 400: Truto does not accept the input",
      "its message says what is wrong" },
    { "client_error", "another HTTP status from 400 to 499",
      "its message says what is wrong" },
    { "conflict", "HTTP 409", "its message says with what" },
    { "forbidden", "HTTP 403: the token may not do this",
      "use a token of the right environment" },
    { "gateway_timeout", "HTTP 504", "try later" },
    { "gone", "HTTP 410", "check the id" },
    { "method_not_allowed", "HTTP 405", "check `base_url`" },
    { "not_found", "HTTP 404: no such datastore in the token's environment",
      "check the id" },
    { "payload_too_large", "HTTP 413", "send less" },
    { "payment_required", "HTTP 402", "see your account at Truto" },
    { "rate_limited", "HTTP 429: too many requests; with `attempts` 0 an "
      .. "earlier answer said so, and nothing was sent",
      "wait for `retry_after` seconds" },
    { "redirect", "HTTP 300, 301, 302, 303, 307, 308; never followed",
      "if the service has moved, set `base_url`" },
    { "request_timeout", "HTTP 408", "try again" },
    { "server_error", "HTTP 500, or another status from there on",
      "try later" },
    { "too_early", "HTTP 425", "try again" },
    { "unauthorized", "HTTP 401: the token is not accepted",
      "give a valid token" },
    { "unavailable", "HTTP 503", "try after `retry_after` seconds" },
    { "unexpected_status", "a status that is no answer to an update, such as "
      .. "101, 304 or 600; see `outcome`",
      "check `base_url` and what stands between" },
    { "unprocessable_entity", "HTTP 422: Truto does not accept the input",
      "its message says what is wrong" },
    { "unsupported_media_type", "HTTP 415", "check `base_url`" },
  } },
  { kind = "response",
    meaning = "the answer is not what the API promises", codes = {
    { "ambiguous_framing", "the answer contradicts itself about where it "
      .. "ends, as with two lengths",
      "check what stands between; see `outcome`" },
    { "body_too_large", "the answer is larger than `max_response_bytes`",
      "raise it, if such answers are right" },
    { "cursor_repeats", "pages of a list lead in a circle",
      "report it to Truto" },
    { "headers_too_large", "the answer has more headers than truto reads",
      "check `base_url` and what stands between" },
    { "not_a_page", "the answer to a list is not a page",
      "check `base_url`; report it to Truto" },
    { "not_http", "the answer is not HTTP",
      "check `base_url` and what stands between" },
    { "not_json_object", "the answer is not a JSON object",
      "check `base_url`; see what `outcome` means" },
    { "number_out_of_range", "the answer has a number that is too large for "
      .. "Lua", "see `outcome`" },
    { "truncated", "the answer ended too early",
      "see `outcome`; the call can be repeated" },
  } },
  { kind = "interrupted", meaning = "Ctrl-C, or the call was taken back",
    codes = {
    { "cancelled", "who waited for the call has gone", "none is needed" },
    { "interrupted", "Ctrl-C", "end the program, or its loop" },
  } },
  { kind = "warning", meaning = "stands in `meta.warnings`; the call went on",
    codes = {
    { "access_key_id_as_secret", "the id of an access key of AWS stands where "
      .. "the secret half belongs", "give the secret half" },
    { "already_deleted", "a datastore that was to be deleted was gone, after "
      .. "an attempt of unknown fate", "none is needed" },
    { "bucket_in_url", "the endpoint of a service that is known names the "
      .. "bucket, or another path", "give the endpoint alone" },
    { "callback_failed", "`log` or `on_retry` raised an error",
      "correct that function" },
    { "contradictory_port", "a port and the port in a URL differ",
      "name one of them, or the same twice" },
    { "dirty_secret", "a secret has something around or in it that does not "
      .. "look meant: quotes, blanks, a line end, a byte order mark, `NAME=`",
      "the message says what; `truto.secret.verbatim` says that it is meant" },
    { "doubled_scheme", "a URL begins with its scheme twice",
      "leave one out" },
    { "grpc_port", "the port answers gRPC, not HTTP",
      "name the port of the HTTP API; Qdrant's is 6333" },
    { "half_credential_pair", "one half of a key pair is given; the other "
      .. "stays as it is stored", "give both, unless you mean it" },
    { "null_unknown", "null is sent, and what Truto does with it is not "
      .. "documented", "leave the field out to keep its value" },
    { "password_in_url", "a URL has a user or a password in it",
      "answers show it; take it out" },
    { "path_in_bucket", "a bucket's name has a `/`",
      "a prefix is not part of the bucket" },
    { "placeholder_value", "a value has a placeholder, such as `${BUCKET}`",
      "fill it in" },
    { "secrets_not_read_back", "`read_back` found all that answers show as it "
      .. "was sent; secrets among the changes they do not show",
      "send them again if in doubt" },
    { "service_ended", "an `api_url` at `data.mongodb-api.com`",
      "MongoDB has ended that service; use another endpoint" },
    { "unknown_type", "the option `type` is not one that truto knows; the "
      .. "config was not checked", "check its spelling" },
    { "url_as_name", "a URL stands where a name belongs",
      "give the name alone" },
    { "white_space", "a name begins or ends with white space, or a bucket "
      .. "has some", "take it out" },
  } },
}
