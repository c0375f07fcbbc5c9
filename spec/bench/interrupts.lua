-- Ctrl-C in each phase of a call: how long until the call is back.
--   interrupts.lua [rounds]

package.path = "spec/?.lua;" .. package.path

local monotonic = require "truto.core".system.monotonic
local process = require "process"
local server = require "support.server".start()
local truto = require "truto"

local ROUNDS = tonumber(arg[1]) or 10
local ALLOWED = 0.1
-- Seconds until the signal, different in each round, so that it meets every
-- part of the slices that waits are cut into.
local FIRST, STEP = 0.2, 0.013

-- Phase, options; `again`: the second call of a connection.
local ROWS = {
  { "resolve", { base_url = "https://a.slow" } },
  { "connect", { base_url = server:url "backlog_full" } },
  { "handshake", { base_url = server:url "stalled_handshake" } },
  { "send", { fault = "silent-before-body", size = 7 * 2 ^ 20 } },
  { "wait for the answer", { fault = "silent" } },
  { "the same, kept connection", { fault = "reuse-silent", again = true } },
  { "half an answer", { fault = "stall-body" } },
  { "a byte at a time", { fault = "slow,interval=0.02" } },
  { "wait to retry", { fault = "status=503,retry-after=30" } },
}

local function late(options, after)
  local client = assert(truto.new {
    token = "x", ca_file = server.ca_file, timeout = 15,
    connect_timeout = 15,
    base_url = options.base_url or server:url("https", options.fault),
  })
  local changes = { label = ("x"):rep(options.size or 10) }
  if options.again then assert(client.datastore.update("ds_1", changes)) end
  local due = monotonic() + after
  process.interrupt_after(after)
  local _, err = client.datastore.update("ds_1", changes)
  local took = monotonic() - due
  client.close()
  assert(err and err.kind == "interrupted", tostring(err))
  return took, err
end

print(("%d rounds; ms from the signal to the return"):format(ROUNDS))
print "phase                        worst    best  attempts  outcome"
local worst_of_all = 0
for _, row in ipairs(ROWS) do
  local worst, best, err = 0, math.huge, nil
  for round = 1, ROUNDS do
    local took
    took, err = late(row[2], FIRST + round * STEP)
    worst, best = math.max(worst, took), math.min(best, took)
  end
  worst_of_all = math.max(worst_of_all, worst)
  print(("%-26s %7.1f %7.1f  %8d  %s"):format(row[1], worst * 1000,
    best * 1000, err.attempts, err.outcome))
end
server:stop()
print(("worst: %.1f ms, allowed %d"):format(worst_of_all * 1000,
  ALLOWED * 1000))
os.exit(worst_of_all <= ALLOWED and 0 or 1)
