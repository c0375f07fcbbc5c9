--- What the Lua programs of the benchmarks share: their arguments, and what
--- they tell about themselves.

local rows = require "bench.rows"

local M = {}

local given = _G.arg

---@class truto.bench.Arguments
---@field row truto.bench.Row
---@field count integer updates that are counted
---@field base_url string
---@field token string
---@field ca_file? string
---@field user_agent string
---@field in_flight integer

--- `PROGRAM ROW COUNT BASE_URL TOKEN CA_FILE USER_AGENT [IN_FLIGHT]`; a
--- CA_FILE of "bundle" or "directory" means the system's authorities.
---@return truto.bench.Arguments
function M.arguments()
  local ca_file = given[5]
  if ca_file == "bundle" or ca_file == "directory" then ca_file = nil end
  return {
    row = rows.get(given[1]),
    count = tonumber(given[2]),
    base_url = given[3],
    token = given[4],
    ca_file = ca_file,
    user_agent = given[6],
    in_flight = tonumber(given[7] or 1),
  }
end

--- Runs `update(number)` once, to connect, then `count` times; prints CPU
--- microseconds an update and KiB of peak memory.
---@param count integer
---@param update fun(number: integer)
function M.run(count, update)
  update(0)
  local start = os.clock()
  for number = 1, count do update(number) end
  M.report(os.clock() - start, count)
end

---@param cpu number seconds, of all threads
---@param count integer
function M.report(cpu, count)
  print(("%.3f"):format(count > 0 and cpu * 1e6 / count or 0))
  for line in io.lines "/proc/self/status" do
    local peak = line:match "^VmHWM:%s*(%d+)"
    if peak then print(peak) end
  end
end

return M
