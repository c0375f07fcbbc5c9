-- Each fault that one call can meet, through each driver, with all that the
-- list of faults asks of every row: the error's kind, code and outcome; as
-- many requests at the server as the call says; the deadline; the next call
-- of the same client; no secret in anything that came out; no memory and no
-- descriptor left behind.

local background = require "support.background"
local drivers = require "support.driver"
local exchange = require "support.exchange"
local process = require "process"
local rows = require "support.fault_matrix"
local truto = require "truto"

local server = exchange.server

-- Bytes a round, less than the smallest block of malloc. Tables that double
-- and pools that fill do so once: what grows each time is a leak.
local ALLOWED, TIMES = 32, 8
-- Rounds until a fresh process has all that it keeps for good.
local WARM = 20
-- Seconds. What hangs would go on for 30 at least.
local LATE = 10

local CHANGES = {
  config = truto.config.qdrant { api_key = "canary-qdrant-key" },
  config_secret = "canary-config-secret",
}

local role_now
local function turn(role)
  if role ~= role_now then server:command("turn turning " .. role) end
  role_now = role
end

local function base_url(row)
  if row.through then return server:url("https", "ok") end
  if type(row.kept) == "string" then return server:url("turning", row.kept) end
  if not row.fault then return server:url("turning", "ok") end
  local with = row.with and "," .. row.with or ""
  if not with:find "times=" then
    with = with .. ",times=" .. (row.attempts or 3)
  end
  return server:url("turning", "fail-then-ok,fault=" .. row.fault .. with)
end

local function new_client(row, driver, tell)
  local given = {
    token = exchange.TOKEN, ca_file = server.ca_file, driver = driver,
    base_url = base_url(row), log = tell, on_retry = tell,
    proxy = row.through and server:url("turning"):match "//([^/]+)",
  }
  for name, value in pairs(row.options or {}) do given[name] = value end
  return assert(truto.new(given))
end

local function has_canary(value, seen)
  if type(value) == "string" then return value:find("canary", 1, true) end
  if type(value) ~= "table" or seen[value] then return false end
  seen[value] = true
  for key, member in pairs(value) do
    if has_canary(key, seen) or has_canary(member, seen) then return true end
  end
  return has_canary(tostring(value), seen)
end

local function check_error(row, err)
  assert.same(row.err, { err.kind, err.code, err.outcome }, err.message)
  assert.matches(row.says or "", err.message, 1, true)
end

local function check_books(row, err, meta)
  local attempts = row.attempts or 3
  assert.equal(attempts, meta.attempts)
  if err then assert.equal(attempts, err.attempts) end
  assert.equal(row.requests or attempts, #server:log())
end

local function check_next(row, client, driver)
  turn(row.through and "proxy" or "https")
  server:reset()
  local other
  if row.again then
    other = new_client({}, driver)
    client = other
  end
  local datastore, err, meta =
    client.datastore.update("ds_1", { label = "x" }, { deadline = 60 })
  assert(datastore, err)
  if other then other.close() end
  assert.equal(meta.attempts, #server:log())
end

-- Nothing of it is left when this returns.
local function round(row, kind)
  background.stop() -- and with it the connections of the round before
  local told = {}
  local driver = drivers.impatient(kind)
  local client = new_client(row, driver, function(event)
    told[#told + 1] = event
  end)
  if row.kept then
    turn "https"
    assert(client.datastore.update("first", { label = "x" },
      { deadline = 60 }))
  end
  turn(row.through or row.at or "https")
  server:reset()
  local datastore, err, meta = client.datastore.update("ds_1", CHANGES)
  if row.err then check_error(row, err) else assert(datastore, err) end
  check_books(row, err, meta)
  if row.hangs then assert.is_true(meta.elapsed < LATE, meta.elapsed) end
  assert.is_falsy(has_canary({ err, meta, told }, {}))
  check_next(row, client, driver)
  client.close()
end

local function steady()
  background.stop()
  server:reset()
  collectgarbage()
  collectgarbage()
  return process.allocated() + collectgarbage "count" * 1024,
    process.descriptors()
end

local function check_growth(body)
  local bytes, descriptors
  local function grow()
    body()
    local before, descriptors_before = bytes, descriptors
    bytes, descriptors = steady()
    assert.equal(descriptors_before, descriptors)
    return bytes - before
  end
  body()
  bytes, descriptors = steady()
  local least = math.huge
  for _ = 1, TIMES do
    least = math.min(least, grow())
    if least < ALLOWED then return end
  end
  error(("%d bytes more each time"):format(least))
end

-- What a compiler keeps of traces is nobody's leak.
local compiler = rawget(_G, "jit")
setup(function() if compiler then compiler.off() end end)
teardown(function()
  if compiler then compiler.on() end
  turn "https"
end)

for _, kind in ipairs { "blocking", "background" } do
  describe("through the " .. kind .. " driver:", function()
    setup(function()
      for _ = 1, WARM do round({ attempts = 1 }, kind) end
    end)
    for _, row in ipairs(rows) do
      it(row.name, function()
        check_growth(function() round(row, kind) end)
      end)
    end
  end)
end
