local background = require "support.background"
local core = require "truto.core"
local cqueues = require "cqueues"
local exchange = require "support.exchange"
local socket = require "cqueues.socket"
local truto = require "truto"

local server = exchange.server

local function new_client(fault, changes)
  local given = { driver = background.driver() }
  for key, value in pairs(changes or {}) do given[key] = value end
  return exchange.client(fault, given)
end

-- The handle of a client is nobody's business but the drivers'; this one
-- gives it away.
local function new_handle(fault, timeout)
  local handle, sending
  local driver = background.driver()
  driver.attempt = function(given_handle, _, _, _, given_sending)
    handle, sending = given_handle, given_sending
    return nil, { kind = "setup", code = "x", message = "x" }, {}
  end
  exchange.client(fault, { driver = driver, timeout = timeout })
    .datastore.update("ds_1", { label = "x" })
  return handle, sending
end

local function start(handle, sending, id)
  return core.background.start(handle, "update", id or "ds_1", { label = "x" },
    sending)
end

local function wait_until(check)
  local limit = cqueues.monotime() + 10
  while not check() do
    assert(cqueues.monotime() < limit, "it never came")
    cqueues.sleep(0.005)
  end
end

-- Of the connection that the newest request came on. Those of the spec before
-- may be closed late.
local function wait_for_close()
  local requests = server:log()
  local connection = requests[#requests].connection
  server:wait_for(function(entry)
    return entry.event == "closed" and entry.connection == connection
  end)
end

local function concurrently(count, work)
  local loop = cqueues.new()
  for i = 1, count do loop:wrap(work, i) end
  assert(loop:loop(30))
end

local function loop_client(fault, changes)
  local given = { driver = require("truto.background").driver(
    background.in_loop) }
  for key, value in pairs(changes or {}) do given[key] = value end
  return exchange.client(fault, given)
end

local function open_descriptors()
  local pipe = io.popen "ls /proc/$PPID/fd | wc -l"
  local count = tonumber(pipe:read "*a")
  pipe:close()
  return count
end

before_each(function()
  background.stop()
  server:reset()
end)
teardown(background.stop)

describe("the background driver", function()
  -- More than a client keeps for its next calls.
  it("has 70 updates under way at once", function()
    local client, good = loop_client "status=200,delay=1", 0
    concurrently(70, function(i)
      assert(client.datastore.update("ds_" .. i, { label = "x" }))
      good = good + 1
    end)
    local connections, count = {}, 0
    for _, entry in ipairs(server:log()) do
      if not connections[entry.connection] then count = count + 1 end
      connections[entry.connection] = true
    end
    assert.equal(70, good)
    assert.equal(70, count)
    assert.equal(70, #server:log())
  end)

  it("keeps connections between calls and clients", function()
    for _ = 1, 3 do
      local client = new_client "record"
      assert(client.datastore.update("ds_1", { label = "x" }))
      client.close()
    end
    local _, _, meta =
      new_client("record").datastore.update("ds_1", { label = "x" })
    assert.is_true(meta.connection_reused)
    assert.equal(1, server:log()[4].connection - server:log()[1].connection
      + 1)
  end)

  it("closes connections that nobody uses", function()
    core.background.keep_idle(0.1)
    finally(function() core.background.keep_idle(60) end)
    local client = new_client "record"
    assert(client.datastore.update("ds_1", { label = "x" }))
    wait_for_close()
    local _, err, meta = client.datastore.update("ds_1", { label = "x" })
    assert.is_nil(err)
    assert.is_false(meta.connection_reused)
  end)

  it("waits between attempts by the loop's sleep", function()
    local slept = {}
    local driver = require("truto.background").driver {
      readable = background.loop.readable,
      sleep = function(seconds) slept[#slept + 1] = seconds end,
    }
    local client = exchange.client("status=503,retry-after=7",
      { driver = driver, max_attempts = 2 })
    local _, err = client.datastore.update("ds_1", { label = "x" })
    assert.equal("unavailable", err.code)
    assert.equal(1, #slept)
    assert.is_true(slept[1] > 6, slept[1])
  end)

  -- The loop's waits are over at once, and the clock is ahead after each.
  it("gives up when the thread does not answer in time", function()
    local monotonic, ahead, waits = core.system.monotonic, 0, 0
    core.system.monotonic = function() return monotonic() + ahead end
    finally(function() core.system.monotonic = monotonic end)
    local driver = require("truto.background").driver {
      readable = function(_, seconds)
        waits = waits + 1
        assert(waits < 5, "it waits for ever")
        assert(seconds <= 65, seconds)
        if waits == 1 then server:wait_for "request" end
        ahead = ahead + 40
      end,
      sleep = background.loop.sleep,
    }
    local client = exchange.client("silent",
      { driver = driver, timeout = 60, max_attempts = 1 })
    local _, err = client.datastore.update("ds_1", { label = "x" })
    assert.same({ "timeout", "timeout", "unknown" },
      { err.kind, err.code, err.outcome })
    assert.matches("the background thread did not answer in time",
      err.message)
    assert.equal(2, waits)
    wait_for_close()
    assert.equal(1, core.background.counts().cancelled)
  end)

  it("raises for a loop that lacks a function", function()
    assert.has_error(function()
      require("truto.background").driver { sleep = cqueues.sleep }
    end)
  end)

  it("holds no descriptors of calls that ended", function()
    local client = new_client "record"
    local function update(times)
      for _ = 1, times do
        assert(client.datastore.update("ds_1", { label = "x" }))
      end
    end
    update(20)
    local before = open_descriptors()
    update(500)
    -- the thread closes its side when it comes to it
    for _ = 1, 500 do
      if open_descriptors() <= before then return end
      core.system.wait(0.01)
    end
    assert.is_true(open_descriptors() <= before)
  end)
end)

describe("the limit of transfers", function()
  before_each(function() core.background.limit(2, 1) end)
  after_each(function() core.background.limit(256, 256) end)

  it("lets one wait and refuses the next at once", function()
    local client = loop_client "silent"
    local codes, timeouts, started = {}, { 1, 1, 0.3, 1 }, 0
    concurrently(4, function()
      started = started + 1 -- the loop has an order of its own
      local _, err = client.datastore.update("ds_1", { label = "x" },
        { timeout = timeouts[started], max_attempts = 1 })
      local key = err.kind .. " " .. err.code .. " " .. err.outcome
      codes[key] = (codes[key] or 0) + 1
      if err.code == "connect_timeout" then
        -- Its own time was over, not that of those before it.
        assert.equal(2, core.background.counts().running)
      end
    end)
    assert.same({
      ["timeout timeout unknown"] = 2,
      ["timeout connect_timeout not_sent"] = 1,
      ["setup too_many_in_flight not_sent"] = 1,
    }, codes)
    assert.equal(2, #server:log())
  end)

  it("starts the waiting one when another ends", function()
    local client, good = loop_client "status=200,delay=0.1", 0
    concurrently(3, function()
      assert(client.datastore.update("ds_1", { label = "x" }))
      good = good + 1
    end)
    assert.equal(3, good)
  end)

  it("mixes no earlier call's facts into one that waited in vain", function()
    core.background.limit(1, 1)
    local client = loop_client "status=200,delay=0.5"
    local function update(timeout)
      return client.datastore.update("ds_1", { label = "x" },
        { timeout = timeout, max_attempts = 1 })
    end
    concurrently(2, function() assert(update(10)) end)
    local started = 0
    concurrently(2, function()
      started = started + 1
      if started == 1 then return assert(update(10)) end
      local _, err, meta = update(0.1)
      assert.same({ "timeout", "not_sent" }, { err.kind, err.outcome })
      assert.is_nil(meta.status)
      assert.is_nil(err.status)
    end)
  end)

  -- All begin at once. The one that waits for the first to end is over before
  -- the third, whose timeout is longer than its own.
  it("takes the time of waiting off the timeout", function()
    core.background.limit(2, 1)
    local client = loop_client "silent"
    local timeouts, elapsed, started = { 0.4, 0.9, 0.6 }, {}, 0
    concurrently(3, function()
      started = started + 1
      local timeout = timeouts[started]
      local _, err, meta = client.datastore.update("ds_1", { label = "x" },
        { timeout = timeout, max_attempts = 1 })
      assert.same({ "timeout", "unknown" }, { err.code, err.outcome })
      elapsed[timeout] = meta.elapsed
    end)
    assert.equal(3, #server:log())
    assert.is_true(elapsed[0.4] < elapsed[0.6])
    assert.is_true(elapsed[0.6] < elapsed[0.9])
  end)

  it("lets those that wait be cancelled in any order", function()
    core.background.limit(1, 4)
    local handle, sending = new_handle "silent"
    local exchanges = {}
    for i = 1, 5 do
      exchanges[i] = assert(start(handle, sending, "ds_" .. i))
      assert(core.background.descriptor(exchanges[i]))
    end
    wait_until(function() return core.background.counts().queued == 4 end)
    server:wait_for "request"
    for _, i in ipairs { 3, 5, 2, 1, 4 } do
      local outcome = core.background.cancel(handle, exchanges[i])
      if i ~= 4 then
        assert.equal(i == 1 and "unknown" or "not_sent", outcome)
      end
    end
    local counts = core.background.counts()
    assert.same({ 0, 0, 5 }, { counts.running, counts.queued,
      counts.cancelled })
  end)
end)

describe("an exchange", function()
  local function cancelled() return core.background.counts().cancelled end

  local function under_way()
    local handle, sending = new_handle "silent"
    local one = assert(start(handle, sending))
    assert(core.background.descriptor(one))
    server:wait_for "request"
    return handle, one
  end

  it("that is cancelled closes its connection", function()
    local handle, one = under_way()
    assert.equal("unknown", core.background.cancel(handle, one))
    wait_for_close()
    assert.equal(1, cancelled())
    assert.equal(0, core.background.counts().running)
  end)

  it("has one descriptor, however often it is asked for", function()
    local handle, one = under_way()
    assert.equal(core.background.descriptor(one),
      core.background.descriptor(one))
    core.background.cancel(handle, one)
  end)

  it("that was never sent is cancelled as such", function()
    local handle, sending = new_handle "record"
    local one = assert(start(handle, sending))
    assert.equal("not_sent", core.background.cancel(handle, one))
    assert.equal(0, #server:log())
  end)

  it("that is collected is cancelled", function()
    do under_way() end
    local descriptors = open_descriptors()
    collectgarbage()
    collectgarbage()
    wait_for_close()
    assert.equal(1, cancelled())
    -- Its own, the thread's end of it, the one to the server.
    wait_until(function() return open_descriptors() <= descriptors - 3 end)
  end)

  it("cannot be finished before its end, or twice", function()
    local handle, one = under_way()
    assert.has_error(function() core.background.finish(handle, one) end,
      "this exchange has not ended yet")
    core.background.cancel(handle, one)
    assert.has_error(function() core.background.finish(handle, one) end,
      "this exchange is not under way")
    assert.has_error(function() core.background.cancel(handle, one) end,
      "this exchange is not under way")
  end)

  it("serves the next call after its end", function()
    local handle, sending = new_handle "record"
    for _ = 1, 3 do
      local one = assert(start(handle, sending))
      local descriptor = assert(core.background.descriptor(one))
      background.loop.readable(descriptor, 10)
      assert.is_true(core.background.done(one))
      assert.equal("ds_1", core.background.finish(handle, one).id)
    end
  end)

  it("is not confused with other values", function()
    local handle = new_handle "record"
    for _, wrong in ipairs { handle, "x", 1, io.stdout } do
      assert.has_error(function() core.background.number(wrong) end)
      assert.has_error(function() core.background.finish(handle, wrong) end)
    end
  end)
end)

describe("a caller's connection", function()
  local function connect()
    local connection = socket.connect { path = core.background.address() }
    connection:setmode("bn", "bn")
    connection:settimeout(10)
    return connection
  end

  -- An exchange under way for that connection.
  local function under_way()
    local handle, sending = new_handle "silent"
    local one = assert(start(handle, sending))
    local connection = connect()
    connection:write(core.background.number(one))
    server:wait_for "request"
    return connection, handle, one
  end

  it("serves one exchange after the other", function()
    local handle, sending = new_handle "record"
    local connection
    for _ = 1, 3 do
      local one = assert(start(handle, sending))
      connection = connection or connect()
      connection:write(core.background.number(one))
      assert.equal("\0", connection:read(1))
      assert(core.background.finish(handle, one))
    end
    connection:close()
  end)

  it("may bring the number in pieces", function()
    local handle, sending = new_handle "record"
    local one = assert(start(handle, sending))
    local connection = connect()
    for byte in core.background.number(one):gmatch "." do
      connection:write(byte)
      cqueues.sleep(0.002)
    end
    assert.equal("\0", connection:read(1))
    assert(core.background.finish(handle, one))
    connection:close()
  end)

  it("that closes cancels the exchange", function()
    local connection, handle, one = under_way()
    connection:close()
    wait_until(function() return core.background.done(one) end)
    local datastore, err = core.background.finish(handle, one)
    assert.is_nil(datastore)
    assert.same({ "interrupted", "cancelled", "unknown" },
      { err.kind, err.code, err.outcome })
    wait_for_close()
  end)

  -- Its ticket is gone with the thread; another thread has other ones.
  it("that closes leaves an exchange that outlives the thread", function()
    do
      local connection, _, one = under_way()
      connection:close()
      wait_until(function() return core.background.done(one) end)
      background.stop()
      local client = new_client "record"
      assert(client.datastore.update("ds_1", { label = "x" }))
      assert.is_true(core.background.done(one))
    end
    collectgarbage()
    collectgarbage()
    assert(new_client("record").datastore.update("ds_1", { label = "x" }))
  end)

  it("that sends more cancels the exchange", function()
    local connection, _, one = under_way()
    connection:write "x"
    assert.is_nil(connection:read(1))
    assert.is_true(core.background.done(one))
  end)

  it("with a number that is not under way is closed", function()
    local handle, sending = new_handle "record"
    local one = assert(start(handle, sending))
    local used = core.background.number(one)
    core.background.cancel(handle, one)
    for _, number in ipairs { used, "\0\0\0\0", "\255\255\255\255" } do
      local connection = connect()
      connection:write(number)
      assert.is_nil(connection:read(1))
      connection:close()
    end
  end)

  -- The place of the first exchange is the second one's by then.
  it("with the number of an earlier exchange starts no later one", function()
    local handle, sending = new_handle "record"
    local first = assert(start(handle, sending))
    local stale = core.background.number(first)
    core.background.cancel(handle, first)
    local second = assert(start(handle, sending))
    assert.not_equal(stale, core.background.number(second))
    local connection = connect()
    connection:write(stale)
    assert.is_nil(connection:read(1))
    assert.is_false(core.background.done(second))
    assert.equal("not_sent", core.background.cancel(handle, second))
    assert.equal(0, #server:log())
    connection:close()
  end)
end)

describe("truto.new", function()
  it("takes a driver by name or as a table only", function()
    assert.has_error(function()
      truto.new { token = "x", driver = "background" }
    end)
  end)
end)
