--- The rate limit that answers tell of, and the pause it asks for.
---
--- sandbox/CONTRACT.md, "Transport": the headers `ratelimit-limit`,
--- `-remaining` and `-reset` (seconds until the window resets) may come.

local retry = require "truto.retry"

local M = {}

---@class truto.RateLimit
---@field limit? number requests in a window
---@field remaining? number requests left in this window
---@field reset? number seconds until the window resets

-- Digits that a double holds exactly; a fraction may follow.
local MAX_LENGTH = 15

local function number(text)
  if not text or #text > MAX_LENGTH then return nil end
  return text:find("^%d+%.?%d*$") and tonumber(text) or nil
end

--- The rate limit in the headers of an answer. What is no plain number is
--- left out.
---@param headers? table<string, string> lower-case names
---@return truto.RateLimit? limits nil: none of the three headers came
function M.parse(headers)
  if not headers then return nil end
  local limits = {
    limit = number(headers["ratelimit-limit"]),
    remaining = number(headers["ratelimit-remaining"]),
    reset = number(headers["ratelimit-reset"]),
  }
  return next(limits) and limits or nil
end

--- The wait that a used-up window asks for.
---@param limits? truto.RateLimit
---@return number? seconds 0 to 86,400; nil: requests remain, or nobody knows
function M.asked(limits)
  if not limits or limits.remaining ~= 0 then return nil end
  return retry.told(limits.reset)
end

--- What a client knows between calls.
---@class truto.Window
---@field free_at? number monotonic seconds when the window resets

--- Notes what the newest answer says about the next request.
---@param window truto.Window
---@param limits? truto.RateLimit
---@param now number monotonic seconds
function M.note(window, limits, now)
  local asked = M.asked(limits)
  if asked then
    window.free_at = now + retry.obeyed(asked)
  elseif limits and limits.remaining then
    window.free_at = nil
  end
end

--- The pause due before the next call.
---@param window truto.Window
---@param now number monotonic seconds
---@return number? seconds above 0; nil: none
function M.pause(window, now)
  local pause = window.free_at and window.free_at - now or 0
  return pause > 0 and pause or nil
end

return M
