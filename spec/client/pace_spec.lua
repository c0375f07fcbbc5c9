local drivers = require "support.driver"
local pace = require "truto.pace"

local FOUND, api = drivers.FOUND, drivers.api
local client_of = drivers.client

describe("a pace that only holds", function()
  local clock, held
  before_each(function()
    clock = 100
    held = pace.new(function() return clock end)
  end)

  it("lets all go until it is told to hold", function()
    assert.equal(0, held.reserve(0.001))
    held.hold(0)
    assert.equal(0, held.reserve(0.001))
  end)

  it("says how long it holds, and what is too long", function()
    held.hold(7)
    assert.same({ 7 }, { held.reserve(7) })
    assert.same({ nil, "full", 7 }, { held.reserve(6.9) })
    clock = 105
    assert.same({ 2 }, { held.reserve(10) })
    clock = 107
    assert.equal(0, held.reserve(0.001))
  end)

  it("holds until the latest that it was told", function()
    held.hold(7)
    held.hold(2)
    assert.equal(7, held.reserve(10))
    held.hold(9)
    assert.equal(9, held.reserve(10))
  end)

  it("lets go who wakes a little early", function()
    held.hold(7)
    clock = 106.999
    assert.equal(0, held.reserve(10))
  end)
end)

-- One call after another on one client; on_retry's events and the driver.
local function calls(script, given)
  local events = {}
  local options = { on_retry = function(event)
    events[#events + 1] = event
  end }
  for name, value in pairs(given or {}) do options[name] = value end
  local client, driver = client_of(script, options)
  return function(call)
    return client.datastore.update("ds_1", { label = "x" }, call)
  end, driver, events
end

local ONE = { max_attempts = 1 }

describe("the Retry-After of a 429 (H27)", function()
  it("is waited for by the next call, whatever it says of retries", function()
    for _, given in ipairs { ONE, { retry = false } } do
      local call, driver, events =
        calls({ api(429, { retry_after = 20 }), FOUND }, given)
      call()
      driver.clock = driver.clock + 5
      local datastore, _, meta = call()
      assert.is_table(datastore)
      assert.same({ 15 }, driver.waits)
      assert.equal(15, meta.elapsed)
      assert.equal(1, meta.attempts)
      assert.equal(0, events[1].attempt)
      assert.equal("rate_limited", events[1].err.code)
      assert.equal(15, events[1].err.retry_after)
    end
  end)

  it("is an error where the deadline does not allow to wait", function()
    local call, driver = calls({ api(429, { retry_after = 20 }), FOUND }, ONE)
    call()
    for _, deadline in ipairs { 0.01, 5, 20 } do
      local datastore, err, meta = call { deadline = deadline }
      assert.is_nil(datastore)
      assert.equal("api", err.kind)
      assert.equal("rate_limited", err.code)
      assert.equal("not_sent", err.outcome)
      assert.equal(0, err.attempts)
      assert.equal(20, err.retry_after)
      assert.is_true(err.retryable)
      assert.is_nil(err.status)
      assert.matches("nothing was sent", tostring(err), 1, true)
      assert.same({ attempts = 0, elapsed = 0, warnings = {} }, meta)
    end
    assert.same({}, driver.waits)
    assert.equal(1, #driver.sent)
  end)

  it("is over once its time has passed", function()
    local call, driver = calls({ api(429, { retry_after = 20 }), FOUND }, ONE)
    call()
    driver.clock = driver.clock + 20
    assert(call { deadline = 1 })
    assert.same({}, driver.waits)
  end)

  it("is told whole, and obeyed for a minute", function()
    local call, driver = calls({ api(429, { retry_after = 7200 }), FOUND },
      ONE)
    local _, err = call()
    assert.equal(7200, err.retry_after)
    assert(call())
    assert.same({ 60 }, driver.waits)
  end)

  it("is waited for once by the retry of the same call", function()
    local call, driver = calls { api(429, { retry_after = 20 }), FOUND }
    assert(call())
    assert.same({ 20 }, driver.waits)
    assert(call())
    assert.same({ 20 }, driver.waits)
  end)

  it("counts from ratelimit-reset where it did not come", function()
    local headers = { ["ratelimit-remaining"] = "0",
      ["ratelimit-reset"] = "9" }
    local call, driver = calls({ api(429, { headers = headers }), FOUND }, ONE)
    local _, err = call()
    assert.equal(9, err.retry_after)
    _, err = call { deadline = 5 }
    assert.equal("rate_limited", err.code)
    assert.equal(1, #driver.sent)
  end)

  it("of another call is waited for by a retry, or ends it", function()
    for deadline, waits in pairs { [60] = { 0.25, 29.75 }, [9] = { 0.25 } } do
      local call, driver, other
      call, driver = calls({ api(503), api(429, { retry_after = 30 }), FOUND },
        { on_retry = function()
          if other then return end
          other = true
          call(ONE)
        end })
      local datastore, err = call { deadline = deadline }
      assert.same(waits, driver.waits)
      if not datastore then
        assert.equal(503, err.status)
        assert.equal("unknown", err.outcome)
        assert.equal(1, err.attempts)
        assert.equal(29.75, err.retry_after)
      end
    end
  end)

  it("is each client's own", function()
    calls({ api(429, { retry_after = 20 }) }, ONE)()
    local call, driver = calls { FOUND }
    assert(call())
    assert.same({}, driver.waits)
  end)
end)

describe("the next call is made at once (H27)", function()
  for name, entry in pairs {
    ["after a 503 with Retry-After"] = api(503, { retry_after = 20 }),
    ["after a 429 without"] = api(429),
    ["after a 429 that asks for nothing"] = api(429, { retry_after = 0 }),
  } do
    it(name, function()
      local call, driver = calls({ entry, FOUND }, ONE)
      call()
      assert(call())
      assert.same({}, driver.waits)
    end)
  end
end)
