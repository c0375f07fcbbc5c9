--- When a client may send: before each attempt a pace is asked, and a 429
--- tells it how long nobody may.
---
--- This one is what every client begins with: it knows no rate, only what the
--- API said, for as long as the process lives.

local M = {}

---@class truto.Pace
---@field reserve fun(longest: number): number?, string?, number? seconds to
---  wait, with the place taken; or `nil, "full", seconds`: that would be longer
---  than `longest`, and no place was taken
---@field hold fun(seconds: number) nobody sends for so long

-- Seconds. Who has waited may wake up so much too early.
local GRAIN = 0.005

--- A pace that only holds.
---@param now fun(): number monotonic seconds
---@return truto.Pace
function M.new(now)
  local free_at = -math.huge
  return {
    reserve = function(longest)
      local wait = free_at - now()
      if wait <= GRAIN then return 0 end
      if wait > longest then return nil, "full", wait end
      return wait
    end,
    hold = function(seconds) free_at = math.max(free_at, now() + seconds) end,
  }
end

return M
