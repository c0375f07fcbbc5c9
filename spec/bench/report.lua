-- What an update costs, beside plain C that does the same. One table; ratios
-- are to the reference of the same round, and say more than the figures.
--   make bench        BENCH_ROUNDS=7 BENCH_UPDATES=1500

local instructions = require "bench.instructions"
local rounds = require "bench.rounds"
local same_bytes = require "bench.same_bytes"
local sandbox = require "truto.sandbox"
local tables = require "bench.tables"
local ways = require "bench.ways"

local ROUNDS = tonumber(os.getenv "BENCH_ROUNDS") or 7
local UPDATES = tonumber(os.getenv "BENCH_UPDATES") or 1500
local IN_FLIGHT = 32

local service = assert(sandbox.start { rate_limit = { limit = 1e9 } })

local function commands_of(list, row, count, in_flight)
  local commands = {}
  for index, way in ipairs(list) do
    commands[index] = way.command .. " "
      .. ways.arguments(row, count, service, in_flight)
  end
  return commands
end

local function measure(list, row, count, in_flight)
  return rounds.run(commands_of(list, row, count, in_flight), ROUNDS)
end

local function one_at_a_time()
  for _, row in ipairs { "label", "s3", "gcs" } do
    local figures = measure(ways.ONE, row, UPDATES)
    tables.figures("One at a time: " .. row, ways.ONE, figures, "cpu")
    if row == "s3" then
      tables.figures("One at a time: " .. row .. ", memory", ways.ONE, figures,
        "peak")
    end
  end
end

local function validation()
  for _, row in ipairs { "s3", "gcs" } do
    local figures = measure(ways.VALIDATION, row, UPDATES)
    tables.figures("Validation: " .. row .. ", Lua 5.4", ways.VALIDATION,
      figures, "cpu")
  end
end

local function many_at_once()
  local figures = measure(ways.MANY, "s3", UPDATES * 2, IN_FLIGHT)
  tables.figures(IN_FLIGHT .. " in flight: s3", ways.MANY, figures, "cpu")
end

local function large_bodies()
  for _, row in ipairs { "64kB", "900kB" } do
    local figures = measure(ways.ONE, row, 50)
    tables.figures(row .. " each way", ways.ONE, figures, "cpu")
    tables.figures(row .. " each way, memory", ways.ONE, figures, "peak")
  end
end

local function peers()
  local list = { ways.ONE[1] }
  for _, peer in ipairs(ways.peers()) do
    if peer.missing then print(peer.name .. ": " .. peer.missing)
    else list[#list + 1] = peer end
  end
  tables.figures("Other libraries: s3", list, measure(list, "s3", 300), "cpu")
end

local function cold_start()
  local _, _, code = os.execute(
    ("sh spec/bench/cold_start.sh %s lua5.4 spec/bench/cold_start.lua %s %s %d")
      :format(service.ca_file, service.base_url, service.token, ROUNDS * 3))
  if code ~= 0 then print "\nCold start is not measured: it needs root." end
end

local function count_instructions()
  if not instructions.can_count() then
    print "\nInstructions are not counted: valgrind is not installed."
    return
  end
  for _, row in ipairs { "label", "s3", "gcs" } do
    tables.head("Instructions: " .. row, "thousands an update")
    local reference
    for _, way in ipairs(ways.ONE) do
      local count = instructions.count(way, row, service)
      reference = reference or count
      tables.row(way.name, ("%.1f"):format(count / 1000),
        ("%.2f"):format(count / reference))
    end
  end
end

for _, row in ipairs { "label", "s3", "gcs" } do same_bytes.check(row) end
print "Plain C and truto send the same bytes."
one_at_a_time()
validation()
many_at_once()
large_bodies()
cold_start()
peers()
count_instructions()
service.stop()
