-- A whole program that makes one update over the system's authorities, in
-- milliseconds of wall time; started by report.lua through cold_start.sh.
--   cold_start.lua BASE_URL TOKEN ROUNDS

local rounds = require "bench.rounds"
local tables = require "bench.tables"
local ways = require "bench.ways"

local service = { base_url = arg[1], token = arg[2] }

local commands = {}
for index, way in ipairs(ways.COLD) do
  service.ca_file = way.authorities
  commands[index] = way.command .. " " .. ways.arguments("label", 0, service)
end
local figures = rounds.run(commands, tonumber(arg[3]))
tables.figures("Cold start: a program of one update, system store", ways.COLD,
  figures, "wall")
