-- What one call of the soak can meet, in two sets. Fields:
--   weight    how often, beside the others
--   fault     as the fault server takes it
--   listener  other than https
--   succeeds  the call may succeed: the last answer is a complete 2xx
--   reads     "always": the server reads each request that is sent;
--             "mostly": the connection may end first; "never"
--   timeout   seconds of an attempt
--   attempts  max_attempts, 3 where absent
--
-- In the background all clients of a process share the connections to a
-- listener. What dies there without a call, as after idle-close, could be any
-- row's: such rows have a listener of their own, so that the others can stay
-- "always".

local faults = {
  { weight = 300, fault = "ok", succeeds = true, reads = "always" },
  { weight = 60, fault = "ok", listener = "http", succeeds = true,
    reads = "always" },
  { weight = 20, fault = "informational,count=2", succeeds = true,
    reads = "always" },
  { weight = 20, fault = "until-close", succeeds = true, reads = "always" },
  { weight = 20, fault = "http10", succeeds = true, reads = "always" },
  { weight = 60, fault = "fail-then-ok,times=1,status=503",
    succeeds = true, reads = "always" },
  { weight = 30, fault = "fail-then-ok,times=2,status=429,retry-after=0",
    succeeds = true, reads = "always" },
  { weight = 30, fault = "fail-then-ok,times=1,fault=close-after-read",
    succeeds = true, reads = "always" },
  { weight = 30, fault = "fail-then-ok,times=1,fault=short-body",
    succeeds = true, reads = "always" },
  { weight = 30, fault = "reuse-close", succeeds = true, reads = "always" },
  { weight = 30, fault = "reuse-reset", succeeds = true, reads = "always" },
  { weight = 20, fault = "reuse-close", listener = "http", succeeds = true,
    reads = "always" },
  { weight = 20, fault = "idle-close", listener = "other", succeeds = true,
    reads = "mostly" },
  { weight = 20, fault = "idle-reset", listener = "other", succeeds = true,
    reads = "mostly" },
  { weight = 30, fault = "status=404", reads = "always" },
  { weight = 20, fault = "status=401,body=html", reads = "always" },
  { weight = 20, fault = "status=503", reads = "always" },
  { weight = 10, fault = "redirect=307,to=other", reads = "always" },
  { weight = 20, fault = "close-after-read", reads = "always" },
  { weight = 20, fault = "reset-after-read", reads = "always" },
  { weight = 10, fault = "short-body", reads = "always" },
  { weight = 10, fault = "short-body-reset", reads = "always" },
  { weight = 10, fault = "short-chunk", reads = "always" },
  { weight = 10, fault = "body=broken-json", reads = "always" },
  { weight = 10, fault = "body=array", reads = "always" },
  { weight = 10, fault = "status=204", reads = "always" },
  { weight = 10, fault = "garbage-status-line", reads = "always" },
  { weight = 10, fault = "many-headers,count=300", reads = "always" },
  { weight = 10, fault = "bad-chunk", reads = "always" },
  { weight = 20, fault = "close-before-body", reads = "never" },
  { weight = 20, fault = "reset-before-body", reads = "never" },
  { weight = 10, fault = "ok", listener = "refused", reads = "never" },
  { weight = 10, fault = "ok", listener = "close_handshake",
    reads = "never" },
  { weight = 10, fault = "ok", listener = "https_reset_before_read",
    reads = "never" },
  { weight = 5, fault = "ok", listener = "expired", reads = "never" },
  { weight = 1, fault = "silent", timeout = 0.15, attempts = 2,
    reads = "mostly" },
  { weight = 1, fault = "stall-body", timeout = 0.15, attempts = 2,
    reads = "mostly" },
}

-- In the clear, which is faster.
local ok = {
  { weight = 1, fault = "ok", listener = "http", succeeds = true,
    reads = "always" },
}

return { faults = faults, ok = ok }
