--- A fixed window of requests, as the API counts them per token: 500 in 10
--- seconds (CONTRACT.md, "Transport"). The sandbox has one token, so one
--- window.

local M = {}

local Window = {}
Window.__index = Window

--- A window that opens with the first request.
---@param limit integer requests allowed in a window
---@param length number seconds that a window lasts
---@param clock fun(): number seconds on a clock that never steps back
function M.new(limit, length, clock)
  return setmetatable({
    limit = limit,
    length = length,
    clock = clock,
    used = 0,
    ends_at = clock() + length,
  }, Window)
end

--- Opens a new window if the present one is over.
local function refresh(window)
  if window.clock() >= window.ends_at then window:reset() end
end

--- Counts one request.
---@return boolean allowed false when the window is used up
function Window:take()
  refresh(self)
  if self.used >= self.limit then return false end
  self.used = self.used + 1
  return true
end

--- Opens a new window now.
function Window:reset()
  self.used = 0
  self.ends_at = self.clock() + self.length
end

--- How many requests are left, and for how long.
---@return integer remaining requests
---@return integer reset whole seconds until the window ends, rounded up
function Window:state()
  refresh(self)
  local reset = math.ceil(self.ends_at - self.clock())
  return self.limit - self.used, math.max(reset, 0)
end

return M
