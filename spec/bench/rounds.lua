--- Runs programs in turns, so that what else the machine does meets all of
--- them alike: medians, with the ratio to the first one of the same round.

local cqueues = require "cqueues"

local M = {}

-- The server has one core and the program that is measured another.
local function pinned(command)
  local settings, program = command:match "^([%u_]+=.- )(%l.*)$"
  return ("%staskset -c 0 %s"):format(settings or "", program or command)
end

-- What a program prints: CPU microseconds an update, KiB at its peak.
local function run(command)
  local start = cqueues.monotime()
  local pipe = assert(io.popen(pinned(command)))
  local cpu, peak = tonumber(pipe:read "*l"), tonumber(pipe:read "*l")
  pipe:close()
  if not (cpu and peak) then error("this failed: " .. command, 0) end
  return {
    cpu = cpu, peak = peak / 1024, wall = (cqueues.monotime() - start) * 1000,
  }
end

local function median(values)
  table.sort(values)
  return values[math.floor(#values / 2) + 1]
end

---@class truto.bench.Figure
---@field median number
---@field least number
---@field most number
---@field ratio number to the first program, median of the rounds
---@field more number than the first program, median of the rounds

local function figure(results, reference, name)
  local values, ratios, more = {}, {}, {}
  for round, result in ipairs(results) do
    local value, base = result[name], reference[round][name]
    values[round] = value
    ratios[round], more[round] = value / base, value - base
  end
  local middle = median(values)
  return {
    median = middle, least = values[1], most = values[#values],
    ratio = median(ratios), more = median(more),
  }
end

--- Figures of each command: CPU in microseconds an update, peak memory in
--- MiB, wall time of the whole program in milliseconds.
---@param commands string[] the reference first
---@param rounds integer
---@return {cpu: truto.bench.Figure, peak: truto.bench.Figure,
---  wall: truto.bench.Figure}[]
function M.run(commands, rounds)
  local results = {}
  for index in ipairs(commands) do results[index] = {} end
  for round = 1, rounds do
    for index, command in ipairs(commands) do
      results[index][round] = run(command)
    end
  end
  local figures = {}
  for index in ipairs(commands) do
    figures[index] = {}
    for _, name in ipairs { "cpu", "peak", "wall" } do
      figures[index][name] = figure(results[index], results[1], name)
    end
  end
  return figures
end

return M
