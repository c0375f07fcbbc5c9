--- The retry quota of a client: retries are paid for, so that an outage is
--- not multiplied by everybody's retries. The first attempt of a call is free.

local M = {}

local FULL = 500
local COST_OF_FAILURE, COST_OF_THROTTLE = 14, 5
local EARNED_BY_SUCCESS = 1

---@class truto.Quota
---@field tokens integer

---@return truto.Quota quota full
function M.new() return { tokens = FULL } end

--- What a retry costs. A throttled request (429) cost the server little.
---@param status? integer of the attempt that failed
---@return integer tokens
function M.cost(status)
  return status == 429 and COST_OF_THROTTLE or COST_OF_FAILURE
end

---@param quota truto.Quota
---@param cost integer at most `quota.tokens`
function M.spend(quota, cost) quota.tokens = quota.tokens - cost end

--- A success gives a token back.
---@param quota truto.Quota
function M.earn(quota)
  quota.tokens = math.min(FULL, quota.tokens + EARNED_BY_SUCCESS)
end

return M
