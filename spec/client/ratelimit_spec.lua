local drivers = require "support.driver"
local ratelimit = require "truto.ratelimit"

local FOUND, api = drivers.FOUND, drivers.api
local client_of, update = drivers.client, drivers.update

describe("the rate limit of an answer", function()
  local function parse(limit, remaining, reset)
    return ratelimit.parse {
      ["ratelimit-limit"] = limit,
      ["ratelimit-remaining"] = remaining,
      ["ratelimit-reset"] = reset,
    }
  end

  it("is three numbers", function()
    assert.same({ limit = 500, remaining = 499, reset = 7 },
      parse("500", "499", "7"))
    assert.same({ reset = 0.5 }, parse(nil, nil, "0.5"))
    assert.same({ limit = 1e15 - 1 }, parse(("9"):rep(15)))
    if math.type then
      assert.equal("integer", math.type(parse("500").limit))
    end
  end)

  it("is left out where no number came", function()
    assert.is_nil(ratelimit.parse(nil))
    assert.is_nil(parse())
    for _, text in ipairs {
      "", "-1", "1e5", "0x10", "ten", "1, 2", "nan", "inf", ".5", "5 ",
      ("9"):rep(16),
    } do
      assert.is_nil(parse(text, text, text), text)
    end
  end)

  it("asks for a pause only when it is used up", function()
    local function pause(remaining, reset)
      local window = {}
      ratelimit.note(window, parse("500", remaining, reset), 100)
      return ratelimit.pause(window, 101)
    end
    assert.equal(9, pause("0", "10"))
    assert.equal(59, pause("0", "4000"))
    assert.is_nil(pause("1", "10"))
    assert.is_nil(pause("0", nil))
    assert.is_nil(pause("0", "1"))
    assert.is_nil(pause(nil, "10"))
  end)

  it("of the newest answer that has one counts", function()
    local window = {}
    ratelimit.note(window, parse("500", "0", "10"), 100)
    ratelimit.note(window, nil, 101)
    ratelimit.note(window, parse("500"), 101)
    assert.equal(8, ratelimit.pause(window, 102))
    ratelimit.note(window, parse("500", "3", "9"), 102)
    assert.is_nil(ratelimit.pause(window, 102))
  end)
end)

describe("a used-up rate limit", function()
  local function limits(remaining, reset)
    return {
      ["ratelimit-limit"] = "500",
      ["ratelimit-remaining"] = remaining,
      ["ratelimit-reset"] = reset,
    }
  end
  local function used_up(reset)
    return { { id = "ds_1" }, nil,
      { status = 200, headers = limits("0", reset) } }
  end
  local function two_calls(script, options, call)
    local events = {}
    options = options or {}
    options.on_retry = function(event) events[#events + 1] = event end
    local client, driver = client_of(script, options)
    local _, _, first = client.datastore.update("ds_1", { label = "x" })
    local datastore, err, second =
      client.datastore.update("ds_1", { label = "x" }, call)
    return driver, events, first, second, datastore, err
  end

  it("is in meta, and the next call waits for the reset", function()
    local driver, events, first, second =
      two_calls { used_up "7", FOUND }
    assert.same({ limit = 500, remaining = 0, reset = 7 }, first.ratelimit)
    assert.is_nil(second.ratelimit)
    assert.same({ 7 }, driver.waits)
    assert.equal(7, second.elapsed)
    assert.equal(1, second.attempts)
    assert.equal(0, events[1].attempt)
    assert.equal(7, events[1].wait)
    assert.equal("rate_limited", events[1].err.code)
    assert.equal("not_sent", events[1].err.outcome)
    assert.equal(7, events[1].err.retry_after)
    assert.is_true(events[1].err.retryable)
    assert.matches("no request in its window", tostring(events[1].err), 1,
      true)
  end)

  it("is not waited for past the deadline: the server is asked", function()
    local driver, events = two_calls({ used_up "7", FOUND }, nil,
      { deadline = 7 })
    assert.same({}, driver.waits)
    assert.same({}, events)
    assert.equal(2, #driver.sent)
  end)

  it("is a minimum for a retry", function()
    local driver = update { api(429, { headers = limits("0", "3") }), FOUND }
    assert.same({ 3 }, driver.waits)
  end)

  it("says nothing about the wait after what stays", function()
    local _, _, err = update { api(404, { headers = limits("0", "3") }) }
    assert.is_nil(err.retry_after)
  end)

  it("ends the call where waiting is impossible", function()
    local client, driver = client_of { used_up "7", FOUND }
    client.datastore.update("ds_1", { label = "x" })
    function driver.wait()
      return nil, { kind = "setup", code = "phase", message = "not here" }
    end
    local datastore, err, meta =
      client.datastore.update("ds_1", { label = "x" })
    assert.is_nil(datastore)
    assert.equal("phase", err.code)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, meta.attempts)
  end)
end)
