--- Whether a process grows: its memory and its descriptors.

local lfs = require "lfs"
local process = require "process"

local M = {}

-- What is measured, and how many bytes a call are noise: connections that are
-- open or not, and an allocator's ways.
local KINDS = {
  { name = "allocated", allowed = 32 },
  { name = "resident", allowed = 64 },
}
-- Calls before memory says anything: every kept client has met its faults,
-- and some connections more or fewer are little beside them.
local ENOUGH = 40000
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

-- LuaJIT's own objects are not malloc's.
local function allocated()
  local own = rawget(_G, "jit") and collectgarbage "count" * 1024 or 0
  return process.allocated() + own
end

local function resident()
  local file = assert(io.open "/proc/self/status")
  local kilobytes = file:read("*a"):match "VmRSS:%s*(%d+)"
  file:close()
  return kilobytes * 1024
end

---@class truto.spec.Sample
---@field calls integer made so far
---@field allocated number bytes; exact, but not all that can grow
---@field resident number bytes; a leak may long be filling gaps
---@field descriptors integer

---@param calls integer made so far
---@return truto.spec.Sample
function M.measure(calls)
  collectgarbage()
  collectgarbage()
  return {
    calls = calls, allocated = allocated(), resident = resident(),
    descriptors = open_descriptors(),
  }
end

-- Least squares: bytes a call.
local function slope(samples, kind)
  local n, sx, sy, sxx, sxy = #samples, 0, 0, 0, 0
  for _, sample in ipairs(samples) do
    local x, y = sample.calls, sample[kind]
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
  local steady, half = since(samples, calls * STEADY),
    since(samples, calls / 2)
  local first, last, flat = steady[1], steady[#steady], true
  print(("%-10s %10d calls %10d calls   bytes a call   second half"):format(
    "memory", first.calls, last.calls))
  for _, kind in ipairs(KINDS) do
    local name = kind.name
    local all, later = slope(steady, name), slope(half, name)
    print(("%-10s %12.2f MiB %12.2f MiB %14.1f %13.1f"):format(name,
      first[name] / 2 ^ 20, last[name] / 2 ^ 20, all, later))
    flat = flat and all <= kind.allowed and later <= kind.allowed
  end
  if calls >= ENOUGH then return flat end
  print "too few calls to judge memory by"
  return true
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
