--- Whether a process grows: its memory and its descriptors.

local lfs = require "lfs"

local M = {}

-- Bytes a call; below that, allocators and tables that double are noise.
local SLOPE_ALLOWED = 64
-- Calls before memory says anything: every kept client has met its faults.
local ENOUGH = 20000
-- The first tenth fills pools and caches.
local STEADY = 0.1

-- No child counts them: its pipe would sometimes count as well.
local function open_descriptors()
  local count = -1 -- the one that reads the folder
  for name in lfs.dir "/proc/self/fd" do
    if tonumber(name) then count = count + 1 end
  end
  return count
end

---@class truto.spec.Sample
---@field calls integer made so far
---@field resident number bytes
---@field descriptors integer

---@param calls integer made so far
---@return truto.spec.Sample
function M.measure(calls)
  collectgarbage()
  collectgarbage()
  local resident
  for line in io.lines "/proc/self/status" do
    resident = resident or tonumber(line:match "^VmRSS:%s*(%d+)")
  end
  return {
    calls = calls, resident = resident * 1024,
    descriptors = open_descriptors(),
  }
end

-- Least squares: bytes a call.
local function slope(samples)
  local n, sx, sy, sxx, sxy = #samples, 0, 0, 0, 0
  for _, sample in ipairs(samples) do
    local x, y = sample.calls, sample.resident
    sx, sy, sxx, sxy = sx + x, sy + y, sxx + x * x, sxy + x * y
  end
  return (n * sxy - sx * sy) / (n * sxx - sx * sx)
end

local function since(samples, calls)
  local later = {}
  for _, sample in ipairs(samples) do
    if sample.calls >= calls then later[#later + 1] = sample end
  end
  return later
end

local function judge_memory(samples, calls)
  local steady = since(samples, calls * STEADY)
  local all, half = slope(steady), slope(since(samples, calls / 2))
  print(("memory: %.1f MiB after %d calls, %.1f MiB at the end; slope %.1f "
    .. "bytes a call, %.1f in the second half"):format(
    steady[1].resident / 2 ^ 20, steady[1].calls,
    steady[#steady].resident / 2 ^ 20, all, half))
  if calls < ENOUGH then
    print "too few calls to judge memory by"
    return true
  end
  return all <= SLOPE_ALLOWED and half <= SLOPE_ALLOWED
end

-- Those that stay open when everything is closed are lost, however few.
local function judge_descriptors(before, samples, after, may_vary)
  local least, most = math.huge, 0
  for _, sample in ipairs(since(samples, after.calls * STEADY)) do
    least = math.min(least, sample.descriptors)
    most = math.max(most, sample.descriptors)
  end
  print(("descriptors: %d to %d; %d before the first call, %d after the last")
    :format(least, most, before.descriptors, after.descriptors))
  return after.descriptors == before.descriptors
    and (after.calls < ENOUGH or most - least <= may_vary)
end

--- Prints what grew.
---@param before truto.spec.Sample before the first client
---@param samples truto.spec.Sample[] between calls
---@param after truto.spec.Sample after the last client was closed
---@param may_vary integer connections that are open or not at a sample
---@return boolean flat
function M.judge(before, samples, after, may_vary)
  local memory = judge_memory(samples, after.calls)
  local descriptors = judge_descriptors(before, samples, after, may_vary)
  return memory and descriptors
end

return M
