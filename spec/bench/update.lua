-- Client CPU per update and peak memory: truto on Lua 5.4 and LuaJIT beside a
-- plain C loop over curl_easy, in turns against one sandbox. Ratios of
-- medians; absolute figures say more about the machine.
--   update.lua [updates a run [rounds]]

local sandbox = require "truto.sandbox"

local UPDATES = tonumber(arg[1]) or 2000
local ROUNDS = tonumber(arg[2]) or 7

local service = assert(sandbox.start { rate_limit = { limit = 1e9 } })
local arguments = table.concat({ service.base_url, service.token,
  service.ca_file, UPDATES }, " ")

local function lua(vm)
  return ("LUA_CPATH='build/%s/?.so;;' %s spec/bench/update_client.lua %s")
    :format(vm, vm, arguments)
end

local WAYS = {
  { name = "plain C", command = "build/bench/baseline " .. arguments },
  { name = "Lua 5.4", command = lua "lua5.4" },
  { name = "LuaJIT", command = lua "luajit" },
}

local function run(command)
  local pipe = assert(io.popen(command))
  local cpu, peak = pipe:read("*l"), pipe:read("*l")
  pipe:close()
  return assert(tonumber(cpu), command), assert(tonumber(peak)) / 1024
end

local function median(values)
  table.sort(values)
  return values[math.floor(#values / 2) + 1]
end

for _, way in ipairs(WAYS) do way.cpu, way.peak = {}, {} end
for _ = 1, ROUNDS do
  for _, way in ipairs(WAYS) do
    way.cpu[#way.cpu + 1], way.peak[#way.peak + 1] = run(way.command)
  end
end
service.stop()

print(("%d updates a run, %d rounds in turns, medians"):format(UPDATES,
  ROUNDS))
print "way       CPU us/update (min-max)   ratio   peak MiB   difference"
local base_cpu, base_peak
for _, way in ipairs(WAYS) do
  local cpu, peak = median(way.cpu), median(way.peak)
  base_cpu, base_peak = base_cpu or cpu, base_peak or peak
  print(("%-8s  %6.1f (%.1f-%.1f)   %12.3f   %8.1f   %+.1f"):format(way.name,
    cpu, way.cpu[1], way.cpu[#way.cpu], cpu / base_cpu, peak,
    peak - base_peak))
end
