--- The background driver for programs with an event loop of their own.
---
--- One thread per process sends the updates; a call waits, by yielding, for
--- a descriptor to become readable, and takes the result. What is needed of
--- the loop are two functions that yield (examples/cqueues.lua):
---
---     local client = truto.new {
---       driver = require("truto.background").driver {
---         readable = function(descriptor, seconds) ... end,
---         sleep = function(seconds) ... end,
---       },
---     }
---
--- The thread is started by the first call of a process, blocks all signals,
--- touches no Lua, and ends with the last Lua state that used it. A process
--- that forks starts anew in the child. Linux only.

local core = require "truto.core"

local M = {}

---@class truto.EventLoop
---@field readable fun(descriptor: integer, seconds: number) returns once the
---  descriptor is readable or the time is over; may return earlier. It
---  must not raise: the update would go on until its exchange is collected
---@field sleep fun(seconds: number)

-- Of waiting beyond the attempt's own timeout, which the thread keeps; it is
-- reached only if the thread is starved.
local GRACE = 5

local function failure(code, message)
  return {
    kind = "setup", code = code, message = message, outcome = "not_sent",
  }
end

--- The error of an attempt that was taken back because its end did not come.
---@param outcome truto.Outcome
---@param reason string `"timeout"`, or why the thread could not be heard
---@return table err kind `"timeout"` or `"setup"`
function M.unheard(outcome, reason)
  if outcome == "not_sent" and reason ~= "timeout" then
    return failure("background_unavailable",
      "the background thread cannot be reached: " .. reason)
  end
  return {
    kind = "timeout",
    code = "timeout",
    message = "the background thread did not answer in time"
      .. (outcome == "unknown" and "; the update may have been applied" or ""),
    outcome = outcome,
  }
end

-- Returns why the end did not come, or nothing.
local function wait_for(exchange, descriptor, readable, seconds)
  local give_up = core.system.monotonic() + seconds
  while true do
    local done = core.background.done(exchange)
    local left = give_up - core.system.monotonic()
    if done then return nil end
    if done == nil then return "it has no memory or watches left" end
    if left <= 0 then return "timeout" end
    readable(descriptor, left)
  end
end

local function attempt_on(loop)
  return function(handle, id, changes, sending)
    local started = core.system.monotonic()
    local exchange, err, facts =
      core.background.start(handle, id, changes, sending)
    if not exchange then return nil, err, facts end
    local descriptor, reason = core.background.descriptor(exchange)
    if descriptor then
      reason = wait_for(exchange, descriptor, loop.readable,
        sending.timeout + GRACE)
    end
    if not reason then return core.background.finish(handle, exchange) end
    local outcome = core.background.cancel(handle, exchange)
    return nil, M.unheard(outcome, reason),
      { elapsed = core.system.monotonic() - started }
  end
end

--- A driver on an event loop, for the option `driver` of `truto.new`.
---@param loop truto.EventLoop
---@return truto.Driver
function M.driver(loop)
  if type(loop) ~= "table" or type(loop.readable) ~= "function"
    or type(loop.sleep) ~= "function" then
    error("background.driver: a table with the functions readable and sleep "
      .. "is needed", 2)
  end
  return {
    attempt = attempt_on(loop),
    wait = function(seconds)
      loop.sleep(seconds)
      return true
    end,
    now = core.system.monotonic,
    random = core.system.random,
  }
end

--- How many updates may be under way in this process (256 unless set), and
--- how many more may wait for one of them to end (256). Beyond both a call
--- fails with `too_many_in_flight`. To be set before the first update.
---@param in_flight integer 1 to 2048
---@param queued integer 0 to 2048
function M.limit(in_flight, queued)
  core.background.limit(in_flight, queued)
end

---@class truto.BackgroundCounts
---@field running integer sent, or connecting
---@field queued integer waiting for one of those to end
---@field finished integer ended in any way but one, since the thread began
---@field cancelled integer taken back while under way: the caller went away

--- What the thread of this process does; `nil` before the first update.
---@return truto.BackgroundCounts?
function M.counts() return core.background.counts() end

return M
