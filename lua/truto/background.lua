--- The background driver for programs with an event loop of their own.
---
--- One thread per process does the sending; a call waits, by yielding, for
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
---  descriptor is readable or the time is over; may return earlier. What it
---  raises ends the call, whose exchange is cancelled
---@field sleep fun(seconds: number)

-- Seconds of waiting beyond the attempt's own timeout, which the thread
-- keeps; reached only if the thread is starved.
local GRACE = 5

local function unavailable(reason)
  return {
    kind = "setup",
    code = "background_unavailable",
    message = "the background thread cannot be reached: " .. reason,
    outcome = "not_sent",
  }
end

-- The error of an attempt that was taken back because its end did not come.
local function unheard(operation, outcome, reason)
  if outcome == "not_sent" and reason ~= "timeout" then
    return unavailable(reason)
  end
  local fate = outcome == "unknown" and core.routes[operation].fate or ""
  return {
    kind = "timeout",
    code = "timeout",
    message = "the background thread did not answer in time"
      .. fate,
    outcome = outcome,
  }
end

-- Lua 5.1 cannot yield in a function that pcall has called. An exchange whose
-- wait raises there is cancelled when it is collected.
local function unprotected(fn, ...) return true, fn(...) end
local protect = _VERSION == "Lua 5.1" and not rawget(_G, "jit") and unprotected
  or pcall

--- The function `attempt` of a driver: hands the exchange to the thread, waits
--- for its end, and takes the result; if that end does not come, or the wait
--- raises, takes the exchange back.
---@param wait fun(exchange: userdata, seconds: number): string? returns nothing
---  when the exchange has ended, or why it cannot be waited for; `"timeout"`
---  when the time is over
---@return fun(handle: userdata, operation: string, ...: any): table?, table?,
---  truto.Facts
function M.attempt(wait)
  return function(handle, operation, ...)
    local started = core.system.monotonic()
    local exchange, result, facts =
      core.background.start(handle, operation, ...)
    if not exchange then return nil, result, facts end
    local returned, reason = protect(wait, exchange, result + GRACE)
    if returned and not reason then
      return core.background.finish(handle, exchange)
    end
    local outcome = core.background.cancel(handle, exchange)
    if not returned then error(reason, 0) end
    return nil, unheard(operation, outcome, reason),
      { elapsed = core.system.monotonic() - started }
  end
end

local function wait_on(loop)
  return function(exchange, seconds)
    local give_up = core.system.monotonic() + seconds
    local descriptor, reason = core.background.descriptor(exchange)
    if not descriptor then return reason end
    while true do
      local done = core.background.done(exchange)
      local left = give_up - core.system.monotonic()
      if done then return nil end
      if done == nil then return "it has no memory or watches left" end
      if left <= 0 then return "timeout" end
      loop.readable(descriptor, left)
    end
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
    attempt = M.attempt(wait_on(loop)),
    wait = function(seconds)
      loop.sleep(seconds)
      return true
    end,
    now = core.system.monotonic,
    random = core.system.random,
  }
end

--- How many exchanges may be under way in this process (256 unless set), and
--- how many more may wait for one of them to end (256). Beyond both a call
--- fails with `too_many_in_flight`. To be set before the first call.
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

--- What the thread of this process does; `nil` before the first call.
---@return truto.BackgroundCounts?
function M.counts() return core.background.counts() end

return M
