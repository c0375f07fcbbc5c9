-- For each fault that can hang: how long after its deadline a call is back,
-- by the blocking and by the background driver.
--   deadlines.lua [rounds]

package.path = "spec/?.lua;" .. package.path

local monotonic = require "truto.core".system.monotonic
local server = require "support.server".start()
local support = require "support.background"
local truto = require "truto"

local ROUNDS = tonumber(arg[1]) or 10
local DEADLINE = 0.4
local ALLOWED = 0.1

local function origin(listener)
  return server:url(listener):match "^%w+://[^/]+"
end

-- Name, options. Those in `again` meet the fault at a second call, on a kept
-- connection.
local ROWS = {
  { "connect, backlog full", { base_url = server:url "backlog_full" } },
  { "handshake stalls", { base_url = server:url "stalled_handshake" } },
  { "proxy never answers CONNECT", { proxy = origin "proxy_silent" } },
  { "no answer", { fault = "silent" } },
  { "body not read, no answer", { fault = "silent-before-body" } },
  { "no answer, kept connection", { fault = "reuse-silent", again = true } },
  { "half a head", { fault = "stall-head" } },
  { "half a body", { fault = "stall-body" } },
  { "a byte at a time", { fault = "slow" } },
  { "a head, a byte at a time", { fault = "slow,as=head" } },
  { "protocol switched, silence", { fault = "switching" } },
  { "503 for ever, retries", { fault = "status=503" } },
  { "503, Retry-After 1", { fault = "status=503,retry-after=1" } },
  { "429, Retry-After 60", { fault = "status=429,retry-after=60" } },
  { "refused, retries", { base_url = server:url "refused" } },
  { "timeouts, retries", { fault = "silent", timeout = 0.1 } },
  { "name does not resolve", { base_url = "https://a.slow" } },
}

local function client_of(options, driver)
  return assert(truto.new {
    token = "x", ca_file = server.ca_file, max_attempts = 50, driver = driver,
    base_url = options.base_url or server:url("https", options.fault),
    proxy = options.proxy, timeout = options.timeout or 30,
    connect_timeout = 30,
  })
end

-- Seconds beyond the deadline of one call.
local function late(options, driver)
  local client = client_of(options, driver)
  local changes = { label = ("x"):rep(1000) }
  if options.again then assert(client.datastore.update("ds_1", changes)) end
  local before = monotonic()
  local datastore, err =
    client.datastore.update("ds_1", changes, { deadline = DEADLINE })
  local took = monotonic() - before
  client.close()
  assert(not datastore and err)
  return took - DEADLINE, err
end

-- Worst and best, and the error of the last round.
local function measure(options, driver)
  local worst, best, err = -math.huge, math.huge, nil
  for _ = 1, ROUNDS do
    local beyond
    beyond, err = late(options, driver)
    worst, best = math.max(worst, beyond), math.min(best, beyond)
  end
  return worst, best, err
end

print(("deadline %g s, %d rounds; ms beyond it (negative: back before it)")
  :format(DEADLINE, ROUNDS))
print "                                  blocking      background"
print "fault                            worst  best    worst  best  error"
local worst_of_all = -math.huge
for _, row in ipairs(ROWS) do
  local worst, best, err = measure(row[2], "blocking")
  local worst_there, best_there, err_there = measure(row[2], support.driver())
  support.stop()
  assert(err.code == err_there.code and err.outcome == err_there.outcome)
  worst_of_all = math.max(worst_of_all, worst, worst_there)
  print(("%-30s %7.1f %5.1f  %7.1f %5.1f  %s, %s"):format(row[1],
    worst * 1000, best * 1000, worst_there * 1000, best_there * 1000,
    err.code, err.outcome))
end
server:stop()
print(("worst: %.1f ms, allowed %d"):format(worst_of_all * 1000,
  ALLOWED * 1000))
os.exit(worst_of_all <= ALLOWED and 0 or 1)
