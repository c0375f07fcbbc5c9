-- Many calls against faults in random turns, then the books: what the client
-- says it did beside what the server read. By environment:
--   SOAK_CALLS    100000
--   SOAK_DRIVER   blocking, or background: many calls at once
--   SOAK_ROWS     faults, or ok: only sound answers (soak_rows.lua)
--   SOAK_CLIENTS  mixed: one call in ten has a client of its own, the others
--                 share one per fault; kept: all share; new: none does
--   SOAK_SEED     1

package.path = "spec/?.lua;" .. package.path

local background = require "support.background"
local blocking = require "truto.driver".blocking
local books = require "bench.soak_books"
local cqueues = require "cqueues"
local growth = require "bench.soak_growth"
local truto = require "truto"
local vm = require "support.vm"

-- A choice by the environment: the name, and what stands under it.
local function choose(variable, choices, default)
  local name = os.getenv(variable) or default
  if choices[name] == nil then
    error(variable .. " cannot be " .. name, 0)
  end
  return name, choices[name]
end

local CALLS = tonumber(os.getenv "SOAK_CALLS") or 100000
local SEED = tonumber(os.getenv "SOAK_SEED") or 1
local ROWS_NAME, rows = choose("SOAK_ROWS", require "bench.soak_rows",
  "faults")
-- How many of ten calls have a client of their own.
local CLIENTS_NAME, OWN = choose("SOAK_CLIENTS",
  { kept = 0, mixed = 1, new = 10 }, "mixed")
local DRIVER_NAME, DRIVER = choose("SOAK_DRIVER", {
  blocking = blocking,
  background = require("truto.background").driver(background.in_loop),
}, "blocking")
-- Of the background driver.
local IN_FLIGHT = 16
local SAMPLES = 20

local server = require "support.server".start()

-- The same on every VM (Park and Miller's generator).
local state = SEED % 2147483646 + 1
local function random(count)
  state = state * 16807 % 2147483647
  return state % count + 1
end

local weights = 0
for _, row in ipairs(rows) do weights = weights + row.weight end

local function pick()
  local left = random(weights)
  for number, row in ipairs(rows) do
    left = left - row.weight
    if left <= 0 then return number end
  end
end

-- Waits are not what is tested here.
local driver = {
  attempt = DRIVER.attempt,
  wait = function() return true end,
  now = DRIVER.now,
  random = DRIVER.random,
}

local function new_client(row)
  return assert(truto.new {
    token = "soak-token", ca_file = server.ca_file, driver = driver,
    base_url = server:url(row.listener or "https", row.fault),
    timeout = row.timeout or 20, max_attempts = row.attempts or 3,
    connect_timeout = 20, validate = false,
  })
end

-- Filled before the first call, so that keeping the books takes no memory
-- while it is measured.
local entries = { rows = {}, attempts = {}, outcomes = {} }
for i = 1, CALLS do
  entries.rows[i], entries.attempts[i], entries.outcomes[i] = 0, 0, ""
end

local function is_whole(datastore, meta, id)
  return meta.status == 200 and type(datastore) == "table"
    and datastore.id == id
end

local kept = {}

local function call(i)
  local number = pick()
  local own = random(10) <= OWN
  local client = own and new_client(rows[number]) or kept[number]
  local id = "ds_" .. i
  local datastore, err, meta = client.datastore.update(id, { label = id })
  if own then client.close() end
  entries.rows[i], entries.attempts[i] = number, meta.attempts
  if err then
    entries.outcomes[i] = err.outcome
  else
    entries.outcomes[i] = is_whole(datastore, meta, id) and "success"
      or "partial"
  end
end

local function one_by_one(first, last)
  for i = first, last do call(i) end
end

local function at_once(first, last)
  local loop, following = cqueues.new(), first
  for _ = 1, IN_FLIGHT do
    loop:wrap(function()
      while following <= last do
        local i = following
        following = i + 1
        call(i)
      end
    end)
  end
  assert(loop:loop())
end

local make_calls = DRIVER_NAME == "background" and at_once or one_by_one

-- Samples are taken while no call is under way.
local function run()
  local samples, last = {}, 0
  for part = 1, SAMPLES do
    local first = last + 1
    last = math.floor(CALLS * part / SAMPLES)
    make_calls(first, last)
    samples[part] = growth.measure(last)
  end
  return samples
end

local before = growth.measure(0)
for number, row in ipairs(rows) do kept[number] = new_client(row) end
local started = blocking.now()
local samples = run()
local seconds = blocking.now() - started
for _, client in ipairs(kept) do client.close() end
kept = nil
background.stop()
local after = growth.measure(CALLS)

print(("%s, %s driver, rows %s, clients %s, seed %d"):format(vm.name,
  DRIVER_NAME, ROWS_NAME, CLIENTS_NAME, SEED))
local problems = books.audit(rows, entries, server.folder .. "/log")
server:stop()
-- Each kept client has at most one connection of its own. In the background
-- the calls under way have one each, at each of three listeners that keep
-- them, and one to the thread, which closes its end a moment later.
local may_vary = DRIVER_NAME == "background" and 4 * IN_FLIGHT or #rows
local flat = growth.judge(before, samples, after, may_vary)
print(("%d problems, %s, %.0f s"):format(problems,
  flat and "memory and descriptors flat" or "NOT FLAT", seconds))
os.exit(problems == 0 and flat and 0 or 1)
