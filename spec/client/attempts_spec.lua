local drivers = require "support.driver"
local truto = require "truto"

local FOUND, api = drivers.FOUND, drivers.api
local client_of, update = drivers.client, drivers.update

local REFUSED = {
  nil,
  { kind = "network", code = "connection_refused", message = "refused",
    outcome = "not_sent" },
}
local SILENT = {
  nil,
  { kind = "timeout", code = "timeout", message = "late",
    outcome = "unknown" },
  takes = 30,
}

describe("a call", function()
  it("that succeeds at once is one attempt", function()
    local driver, datastore, err, meta = update { FOUND }
    assert.equal("ds_1", datastore.id)
    assert.is_nil(err)
    assert.equal(1, #driver.sent)
    assert.equal(1, meta.attempts)
    assert.equal(200, meta.status)
    assert.same({}, meta.warnings)
  end)

  it("goes on until an attempt succeeds", function()
    local driver, datastore, _, meta = update { api(503), REFUSED, FOUND }
    assert.is_table(datastore)
    assert.equal(3, meta.attempts)
    assert.same({ 0.25, 0.5 }, driver.waits)
  end)

  it("ends after max_attempts, without a wait at the end", function()
    local driver, datastore, err, meta = update({ api(503) })
    assert.is_nil(datastore)
    assert.equal(503, err.status)
    assert.equal(3, #driver.sent)
    assert.equal(3, err.attempts)
    assert.equal(3, meta.attempts)
    assert.is_true(err.retryable)
    assert.equal(2, #driver.waits)
  end)

  it("takes max_attempts from the call before the client's", function()
    local options = { max_attempts = 7 }
    assert.equal(7, #update({ api(503) }, options).sent)
    assert.equal(2, #update({ api(503) }, options, { max_attempts = 2 }).sent)
  end)

  it("does not repeat what stays", function()
    for _, status in ipairs { 301, 400, 401, 403, 404, 409, 422, 501 } do
      local driver, _, err = update { api(status), FOUND }
      assert.equal(1, #driver.sent)
      assert.is_false(err.retryable)
    end
  end)

  it("waits up to twice as long after each attempt, at most 8 s", function()
    local driver = update({ api(503) }, { max_attempts = 8 })
    assert.same({ 0.25, 0.5, 1, 2, 4, 4, 4 }, driver.waits)
  end)

  it("tells of the last attempt, and of the time of all", function()
    local _, _, err, meta = update({ api(500), SILENT }, { max_attempts = 2 })
    assert.equal("timeout", err.kind)
    assert.is_nil(meta.status)
    assert.equal(30.25, meta.elapsed)
  end)
end)

describe("retry", function()
  it("= false repeats nothing, and says what might be", function()
    for _, entry in ipairs { api(503), api(429), REFUSED } do
      local driver, _, err = update({ entry, FOUND }, { retry = false })
      assert.equal(1, #driver.sent)
      assert.is_true(err.retryable)
    end
    assert.equal(1, #update({ REFUSED, FOUND }, nil, { retry = false }).sent)
  end)

  it('= "not_sent" repeats only what cannot have been applied', function()
    local function attempts(entry)
      return #update({ entry, FOUND }, { retry = "not_sent" }).sent
    end
    assert.equal(2, attempts(REFUSED))
    assert.equal(2, attempts(api(429)))
    assert.equal(1, attempts(api(503)))
    assert.equal(1, attempts(SILENT))
  end)

  it("= true in a call overrules the client's false", function()
    local driver = update({ api(503), FOUND }, { retry = false },
      { retry = true })
    assert.equal(2, #driver.sent)
  end)
end)

describe("Retry-After", function()
  local function waits(asked)
    local driver, _, err = update { api(429, { retry_after = asked }), FOUND }
    return driver.waits, err
  end

  it("is a minimum (H05)", function()
    assert.same({ 10 }, (waits(10)))
    assert.same({ 0.25 }, (waits(0)))
    assert.same({ 0.25 }, (waits(nil)))
  end)

  it("is at most a minute (H06)", function()
    assert.same({ 60 }, (waits(1e9)))
  end)

  it("that passes the deadline ends the call at once (H07)", function()
    local driver, _, err, meta = update(
      { api(429, { retry_after = 30 }), FOUND }, { deadline = 20 })
    assert.same({}, driver.waits)
    assert.equal(30, err.retry_after)
    assert.is_true(err.retryable)
    assert.equal(1, meta.attempts)
    assert.equal(0, meta.elapsed)
  end)

  it("is in the error also where nothing is repeated", function()
    local _, _, err = update({ api(503, { retry_after = 3600 }) },
      { max_attempts = 1 })
    assert.equal(3600, err.retry_after)
  end)
end)

describe("the deadline", function()
  it("bounds each attempt", function()
    local driver = update({ FOUND }, { deadline = 5 })
    assert.equal(5, driver.sent[1].timeout)
    assert.equal(5, driver.sent[1].connect_timeout)
    driver = update({ FOUND }, { deadline = 5 }, { deadline = 200 })
    assert.equal(30, driver.sent[1].timeout)
    assert.equal(10, driver.sent[1].connect_timeout)
    driver = update({ FOUND }, { connect_timeout = 3 }, { timeout = 40 })
    assert.equal(40, driver.sent[1].timeout)
    assert.equal(3, driver.sent[1].connect_timeout)
  end)

  it("is 120 s unless set", function()
    local driver = update({ {
      nil, { kind = "network", code = "x", message = "x",
        outcome = "not_sent" },
      takes = 119.5,
    } }, { max_attempts = 2 })
    assert.equal(0.25, driver.sent[2].timeout)
  end)

  it("counts what attempts and waits took", function()
    local driver = update({ SILENT }, { deadline = 61, max_attempts = 9 })
    assert.equal(3, #driver.sent)
    assert.equal(30, driver.sent[2].timeout)
    assert.equal(61 - 60 - 0.25 - 0.5, driver.sent[3].timeout)
  end)

  it("that a wait would pass ends the call; only the API's word on waits "
    .. "is told", function()
    local driver, _, err = update({ SILENT }, { deadline = 30.2 })
    assert.equal(1, #driver.sent)
    assert.is_nil(err.retry_after)
    _, _, err = update({ api(503, { retry_after = 0 }) }, { deadline = 0.2 })
    assert.equal(0, err.retry_after)
  end)

  it("that a wait did pass leaves the last error", function()
    local client, driver = client_of({ api(503), FOUND }, { deadline = 5 })
    function driver.wait() driver.clock = driver.clock + 9 return true end
    local _, err, meta = client.datastore.update("ds_1", { label = "x" })
    assert.equal(503, err.status)
    assert.equal(503, meta.status)
    assert.equal(1, meta.attempts)
    assert.equal(1, #driver.sent)
  end)

  it("that a token function uses up is an error of its own", function()
    local client, driver
    client, driver = client_of({ FOUND }, {
      deadline = 5,
      token = function()
        driver.clock = driver.clock + 5
        return "t"
      end,
    })
    local _, err, meta = client.datastore.update("ds_1", { label = "x" })
    assert.equal("deadline", err.code)
    assert.matches("deadline of 5 s passed", tostring(err), 1, true)
    assert.equal("timeout", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.is_true(err.retryable)
    assert.equal(0, meta.attempts)
    assert.equal(0, #driver.sent)
  end)

  it("counts the loading of secrets, which ends before C is asked", function()
    local client, driver
    local function late(seconds)
      return truto.secret.call(function()
        driver.clock = driver.clock + seconds
        return "late"
      end)
    end
    client, driver = client_of({ FOUND }, { deadline = 10, token = late(1) })
    local _, err, meta = client.datastore.update("ds_1", {
      config = { api_key = late(1) },
      config_secret = late(1),
    }, { headers = { ["X-Key"] = late(1) } })
    assert.is_nil(err)
    assert.equal(1, #driver.sent)
    assert.equal(6, driver.sent[1].timeout)
    assert.equal(1, meta.attempts)
  end)
end)

describe("the outcome of a call", function()
  local function outcome(...)
    local script = { ... }
    local _, _, err = update(script, { max_attempts = #script })
    return err.outcome
  end

  it("is the worst of its attempts", function()
    assert.equal("not_sent", outcome(REFUSED, REFUSED))
    assert.equal("rejected", outcome(api(429), REFUSED))
    assert.equal("rejected", outcome(REFUSED, api(404)))
    assert.equal("unknown", outcome(SILENT, REFUSED))
    assert.equal("unknown", outcome(SILENT, api(404)))
    assert.equal("unknown", outcome(api(503), api(429), REFUSED))
  end)

  it("counts also when the wait is interrupted (C06)", function()
    local client, driver = client_of { api(503), FOUND }
    function driver.wait()
      return nil, { kind = "interrupted", code = "interrupted",
        message = "stopped", outcome = "not_sent" }
    end
    local datastore, err, meta =
      client.datastore.update("ds_1", { label = "x" })
    assert.is_nil(datastore)
    assert.equal("interrupted", err.kind)
    assert.equal("unknown", err.outcome)
    assert.is_false(err.retryable)
    assert.equal(1, err.attempts)
    assert.equal(1, #driver.sent)
    assert.equal(503, meta.status)
    assert.matches("http_503", err.message, 1, true)
  end)
end)

describe("the retry quota (H10)", function()
  it("lets attempts per call fall to 1 in an outage", function()
    local client, driver = client_of { api(503) }
    local attempts = {}
    for i = 1, 30 do
      local _, err = client.datastore.update("ds_1", { label = "x" })
      attempts[i] = err.attempts
    end
    assert.equal(3, attempts[1])
    assert.equal(3, attempts[17])
    assert.equal(2, attempts[18])
    assert.equal(1, attempts[19])
    assert.equal(1, attempts[30])
    assert.equal(30 + math.floor(500 / 14), #driver.sent)
  end)

  it("comes back with successes", function()
    local client, driver = client_of { api(503) }
    local function call()
      return client.datastore.update("ds_1", { label = "x" })
    end
    for _ = 1, 30 do call() end
    local scripted = driver.attempt
    function driver.attempt() return { id = "x" }, nil, { elapsed = 0 } end
    for _ = 1, 4 do assert(call()) end
    driver.attempt = scripted
    local _, err = call()
    assert.equal(2, err.attempts)
  end)

  it("is each client's own", function()
    local one = client_of { api(503) }
    for _ = 1, 30 do one.datastore.update("ds_1", { label = "x" }) end
    local _, _, err = update { api(503) }
    assert.equal(3, err.attempts)
  end)
end)

describe("the options of attempts", function()
  local WRONG = {
    deadline = { 0, -1, 0 / 0, 1e300, "10" },
    max_attempts = { 0, -1, 1.5, 101, 0 / 0, math.huge, "3", true },
    retry = { "yes", "sent", 1, {} },
  }
  local WRONG_OF_CLIENT = {
    on_retry = { true, "f", {} },
    log = { true, "debug", {} },
    driver = { "nginx", true, {}, { attempt = print } },
  }

  local function refuses(name, value, fn)
    local ok, message = pcall(fn)
    assert.is_false(ok, name)
    assert.matches("option '" .. name .. "' must be", message, 1, true)
    assert.is_nil(message:find("nginx", 1, true), value)
  end

  it("are refused where they cannot be (A04)", function()
    local client = client_of { FOUND }
    for name, values in pairs(WRONG) do
      for _, value in ipairs(values) do
        refuses(name, value, function() truto.new { [name] = value } end)
        refuses(name, value, function()
          client.datastore.update("ds_1", {}, { [name] = value })
        end)
      end
    end
    for name, values in pairs(WRONG_OF_CLIENT) do
      for _, value in ipairs(values) do
        refuses(name, value, function() truto.new { [name] = value } end)
      end
    end
  end)

  it("take their limits", function()
    assert.is_table(truto.new {
      token = "t", max_attempts = 100, deadline = 86400, retry = "not_sent",
      driver = "blocking",
    })
    assert.is_table(truto.new {
      token = "t", max_attempts = 1, deadline = 0.001, retry = true,
    })
  end)

  it("are read once: the caller's table may change", function()
    local driver = drivers.scripted { api(503) }
    local options = { max_attempts = 2, token = "t", driver = driver }
    local client = truto.new(options)
    options.max_attempts = 9
    client.datastore.update("ds_1", { label = "x" })
    assert.equal(2, #driver.sent)
  end)
end)

describe("what never came to an attempt", function()
  it("is never repeated and not counted", function()
    local none = { nil, { kind = "network", code = "odd", message = "no",
      outcome = "not_sent" }, { elapsed = false } }
    local driver, _, err, meta = update { none, FOUND }
    assert.equal(1, #driver.sent)
    assert.equal(0, meta.attempts)
    assert.equal(0, err.attempts)
    assert.is_false(err.retryable)
  end)

  it("is for a driver to call retryable", function()
    local full = { nil, { kind = "setup", code = "too_many_in_flight",
      message = "full", retryable = true }, { elapsed = false } }
    local driver, _, err = update { full, FOUND }
    assert.equal(1, #driver.sent)
    assert.is_true(err.retryable)
  end)

  it("has all fields of an error and of meta: validation", function()
    local client, driver = client_of { FOUND }
    local datastore, err, meta = client.datastore.update("ds_1", {})
    assert.is_nil(datastore)
    assert.equal("validation", err.kind)
    assert.equal(0, err.attempts)
    assert.is_false(err.retryable)
    assert.same({ attempts = 0, elapsed = 0, warnings = {} }, meta)
    assert.equal(0, #driver.sent)
  end)
end)
