-- Many calls against faults in random turns, then the books: what the client
-- says it did beside what the server read.
--   SOAK_CALLS=100000 SOAK_SEED=1 SOAK_DRIVER=background soak.lua
-- One call in ten has a client of its own; the others share one per fault.

package.path = "spec/?.lua;" .. package.path

local drivers = require "support.driver"
local truto = require "truto"

local DRIVER = os.getenv "SOAK_DRIVER" or "blocking"
local CALLS = tonumber(os.getenv "SOAK_CALLS") or 100000
local SEED = tonumber(os.getenv "SOAK_SEED") or 1
local SAMPLES = 20
-- The first tenth fills pools and caches.
local STEADY = 0.1
-- Bytes a call; below that, allocators and tables that double are noise.
local SLOPE_ALLOWED = 64
-- Calls before every kept client has met its faults.
local ENOUGH = 20000

local server = require "support.server".start()
local real = drivers.real(DRIVER)

local rows = {}
for _, row in ipairs(require "bench.soak_rows") do
  if DRIVER == "blocking" or not row.dies_idle then rows[#rows + 1] = row end
end

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
  attempt = real.attempt,
  wait = function() return true end,
  now = real.now,
  random = real.random,
}

local function new_client(row)
  return assert(truto.new {
    token = "soak-token", ca_file = server.ca_file, driver = driver,
    base_url = server:url(row.listener or "https", row.fault),
    timeout = row.timeout or 20, max_attempts = row.attempts or 3,
    connect_timeout = 20, validate = false,
  })
end

local kept = {}
for number, row in ipairs(rows) do kept[number] = new_client(row) end

-- Filled before the first call, so that keeping the books takes no memory
-- while it is measured.
local rows_met, attempts_made, outcomes = {}, {}, {}
for i = 1, CALLS do
  rows_met[i], attempts_made[i], outcomes[i] = 0, 0, ""
end

local function is_whole(datastore, meta, id)
  return meta.status == 200 and type(datastore) == "table"
    and datastore.id == id
end

local function call(i)
  local number = pick()
  local own = random(10) == 1
  local client = own and new_client(rows[number]) or kept[number]
  local id = "ds_" .. i
  local datastore, err, meta = client.datastore.update(id, { label = id })
  if own then client.close() end
  rows_met[i], attempts_made[i] = number, meta.attempts
  if err then
    outcomes[i] = err.outcome
  else
    outcomes[i] = is_whole(datastore, meta, id) and "success" or "partial"
  end
end

local function measure()
  collectgarbage()
  collectgarbage()
  local descriptors, resident = -1, nil
  for line in io.lines "/proc/self/status" do
    resident = resident or tonumber(line:match "^VmRSS:%s*(%d+)")
  end
  local pipe = assert(io.popen "ls /proc/$PPID/fd | wc -l")
  descriptors = descriptors + pipe:read "*n"
  pipe:close()
  return { resident = resident * 1024, descriptors = descriptors }
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

local function run()
  local samples = {}
  local steady, every = CALLS * STEADY, math.max(1, CALLS / SAMPLES)
  local next_sample = steady
  for i = 1, CALLS do
    call(i)
    if i >= next_sample then
      local sample = measure()
      sample.calls = i
      samples[#samples + 1] = sample
      next_sample = next_sample + every
    end
  end
  return samples
end

-- How often the server read a request of each call. The log is not decoded:
-- it may have a million lines.
local function requests_read()
  local counts, total = {}, 0
  for line in io.lines(server.folder .. "/log") do
    local number = not line:find('"event"', 1, true)
      and tonumber(line:match '"path": "[^"]*/ds_(%d+)"')
    if number then
      counts[number] = (counts[number] or 0) + 1
      total = total + 1
    end
  end
  return counts, total
end

local function fits(reads, attempts, requests)
  if reads == "always" then return requests == attempts end
  if reads == "never" then return requests == 0 end
  return requests <= attempts
end

-- What is wrong with a call, or nil.
local function problem_of(i, requests)
  local row, outcome = rows[rows_met[i]], outcomes[i]
  if not fits(row.reads, attempts_made[i], requests) then
    return "attempts are not what the server read"
  elseif outcome == "partial" or outcome == "success" and not row.succeeds then
    return "success without a complete answer"
  elseif outcome == "not_sent" and requests > 0 then
    return "not_sent, but the server read it"
  end
end

local function audit(counts)
  local sums = { always = 0, mostly = 0, never = 0 }
  local read = { always = 0, mostly = 0, never = 0 }
  local tally, problems = {}, 0
  for i = 1, CALLS do
    local row, requests = rows[rows_met[i]], counts[i] or 0
    sums[row.reads] = sums[row.reads] + attempts_made[i]
    read[row.reads] = read[row.reads] + requests
    tally[outcomes[i]] = (tally[outcomes[i]] or 0) + 1
    local problem = problem_of(i, requests)
    if problem then
      problems = problems + 1
      if problems <= 20 then
        print(("call %d, %s %s: %s (%d attempts, %d read, %s)"):format(i,
          row.listener or "https", row.fault, problem, attempts_made[i],
          requests, outcomes[i]))
      end
    end
  end
  return sums, read, tally, problems
end

local function print_books(sums, read, tally)
  print(("%d calls, seed %d: %d success, %d rejected, %d unknown, "
    .. "%d not_sent"):format(CALLS, SEED, tally.success or 0,
    tally.rejected or 0, tally.unknown or 0, tally.not_sent or 0))
  print "the server reads   attempts   requests read"
  for _, reads in ipairs { "always", "mostly", "never" } do
    print(("%-16s %10d %15d"):format(reads, sums[reads], read[reads]))
  end
end

local function print_growth(samples)
  local first, last = samples[1], samples[#samples]
  local growth = #samples > 1 and slope(samples) or 0
  print(("memory: %.1f MiB after %d calls, %.1f MiB at the end; "
    .. "slope %.1f bytes a call"):format(first.resident / 2 ^ 20, first.calls,
    last.resident / 2 ^ 20, growth))
  local least, most = math.huge, 0
  for _, sample in ipairs(samples) do
    least = math.min(least, sample.descriptors)
    most = math.max(most, sample.descriptors)
  end
  print(("descriptors: %d to %d"):format(least, most))
  if CALLS < ENOUGH then return most <= 50 + 2 * #rows end
  return most - least <= #rows and growth <= SLOPE_ALLOWED
end

local started = real.now()
local samples = run()
local seconds = real.now() - started
for _, client in ipairs(kept) do client.close() end
local sums, read, tally, problems = audit((requests_read()))
server:stop()
print_books(sums, read, tally)
local flat = print_growth(samples)
print(("%d problems, %s, %.0f s"):format(problems,
  flat and "memory and descriptors flat" or "NOT FLAT", seconds))
os.exit(problems == 0 and flat and 0 or 1)
