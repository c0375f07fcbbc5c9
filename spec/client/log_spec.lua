local drivers = require "support.driver"
local log = require "truto.log"
local truto = require "truto"

local FOUND, api = drivers.FOUND, drivers.api

-- Across pcall.
local CAN_YIELD = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

-- What `log` was told, and the rest of the call.
local function logged(script, options)
  local events = {}
  options = options or {}
  options.log = function(event) events[#events + 1] = event end
  return events, drivers.update(script, options)
end

local function names(events)
  local list = {}
  for i, event in ipairs(events) do list[i] = event.event end
  return table.concat(list, " ")
end

describe("log", function()
  it("is told what happens, in order", function()
    local events = logged { api(503), FOUND }
    assert.equal("request response retry request response", names(events))
  end)

  it("is told the facts of an answer", function()
    local events = logged { { { id = "ds_1" }, nil, {
      status = 200, elapsed = 0.5, connection_reused = true,
      request_bytes = 13, response_bytes = 42, path = "/datastore/ds_1",
      headers = { ["set-cookie"] = "canary" },
    } } }
    assert.same({
      event = "request", method = "PATCH", path = "/datastore/{id}",
      attempt = 1,
    }, events[1])
    assert.same({
      event = "response", method = "PATCH", path = "/datastore/ds_1",
      attempt = 1, status = 200, elapsed = 0.5, connection_reused = true,
      request_bytes = 13, response_bytes = 42,
    }, events[2])
  end)

  it("is told of a retry and of the end", function()
    local events = logged({ api(503) }, { max_attempts = 2 })
    assert.same({
      event = "retry", method = "PATCH", path = "/datastore/ds_1",
      attempt = 1, wait = 0.25, status = 503, kind = "api",
      code = "http_503",
    }, events[3])
    assert.equal("/datastore/ds_1", events[4].path)
    assert.same({
      event = "error", method = "PATCH", path = "/datastore/ds_1",
      attempt = 2, status = 503, kind = "api", code = "http_503",
      outcome = "unknown", elapsed = 0.25,
    }, events[6])
    assert.is_nil(events[7])
  end)

  it("is told of changes that were refused", function()
    local events = {}
    local client = drivers.client({ FOUND }, {
      log = function(event) events[#events + 1] = event end,
    })
    client.datastore.update("ds_1", {})
    assert.equal("error", names(events))
    assert.equal("validation", events[1].kind)
    assert.equal(0, events[1].attempt)
  end)

  it("never has an id that nobody looked through for secrets (S09)",
    function()
      local events = {}
      local client = drivers.client({ FOUND }, {
        log = function(event) events[#events + 1] = event end,
      })
      client.datastore.update("canary-token", { label = "x" })
      for _, event in ipairs(events) do
        for _, value in pairs(event) do
          assert.is_nil(tostring(value):find("canary", 1, true))
        end
      end
    end)
end)

describe("a log line", function()
  it("has the fields in a fixed order", function()
    assert.equal(
      "truto: retry PATCH /datastore/ds_1 attempt=1 status=503 kind=api "
        .. "code=unavailable wait=0.312",
      log.format {
        event = "retry", method = "PATCH", path = "/datastore/ds_1",
        attempt = 1, status = 503, wait = 0.31234, kind = "api",
        code = "unavailable",
      })
  end)

  it("shows false, and leaves out what is not there", function()
    assert.equal("truto: response PATCH /x connection_reused=false",
      log.format {
        event = "response", method = "PATCH", path = "/x",
        connection_reused = false,
      })
  end)
end)

describe("on_retry", function()
  it("is told before each wait", function()
    local events, waited_before = {}, {}
    local client, driver
    client, driver = drivers.client({ api(503) }, {
      on_retry = function(event)
        events[#events + 1] = event
        waited_before[#waited_before + 1] = #driver.waits
      end,
    })
    client.datastore.update("ds_1", { label = "x" })
    assert.equal(2, #events)
    assert.same({ 0, 1 }, waited_before)
    assert.equal(1, events[1].attempt)
    assert.equal(0.25, events[1].wait)
    assert.equal(503, events[1].err.status)
    assert.equal(1, events[1].err.attempts)
    assert.matches("HTTP 503", tostring(events[1].err), 1, true)
  end)

  it("runs while the wait goes on", function()
    local function waits(takes)
      local client, driver
      client, driver = drivers.client({ api(503), FOUND }, {
        on_retry = function() driver.clock = driver.clock + takes end,
      })
      assert(client.datastore.update("ds_1", { label = "x" }))
      return driver.waits
    end
    assert.same({ 0.125 }, waits(0.125))
    assert.same({}, waits(9))
  end)
end)

-- Each in the place of `log` and of `on_retry`.
local function in_each(test)
  for _, name in ipairs { "log", "on_retry" } do test(name) end
end

describe("a callback (A08)", function()
  it("that raises changes nothing, and is a warning", function()
    in_each(function(name)
      local _, datastore, err, meta = drivers.update(
        { api(503), api(503), FOUND },
        { [name] = function() error "canary" end })
      assert.equal("ds_1", datastore.id)
      assert.is_nil(err)
      assert.equal(3, meta.attempts)
      assert.same({ {
        path = name, code = "callback_failed",
        message = "the function given as " .. name
          .. " raised an error, which was ignored",
      } }, meta.warnings)
    end)
  end)

  it("that raises is one warning for each of them", function()
    local function fail() error "canary" end
    local _, _, _, meta = drivers.update({ api(503) },
      { log = fail, on_retry = fail })
    assert.equal(2, #meta.warnings)
    assert.equal("log", meta.warnings[1].path)
    assert.equal("on_retry", meta.warnings[2].path)
  end)

  it("that spoils the event changes nothing", function()
    in_each(function(name)
      local client, driver = drivers.client({ api(503) }, {
        [name] = function(event)
          for key in pairs(event.err or {}) do event.err[key] = nil end
          for key in pairs(event) do event[key] = nil end
        end,
      })
      local _, err = client.datastore.update("ds_1", { label = "x" })
      assert.equal("http_503", err.code)
      function driver.wait()
        return nil, { kind = "interrupted", code = "interrupted",
          message = "stopped" }
      end
      _, err = client.datastore.update("ds_1", { label = "x" })
      assert.equal("unknown", err.outcome)
    end)
  end)

  it("may use the same client", function()
    in_each(function(name)
      local inner
      local client
      client = drivers.client({ api(503), FOUND }, {
        [name] = function()
          if inner then return end
          inner = true
          inner = client.datastore.update("ds_2", { label = "y" })
        end,
      })
      assert(client.datastore.update("ds_1", { label = "x" }))
      assert.equal("ds_1", inner.id)
    end)
  end)

  it("may close the client: then the call ends", function()
    in_each(function(name)
      local client, driver
      client, driver = drivers.client({ api(503), FOUND }, {
        [name] = function(event)
          if event.wait then client.close() end
        end,
      })
      local datastore, err, meta =
        client.datastore.update("ds_1", { label = "x" })
      assert.is_nil(datastore)
      assert.equal("client_closed", err.code)
      assert.matches("closed during the call", tostring(err), 1, true)
      assert.equal("setup", err.kind)
      assert.equal("unknown", err.outcome)
      assert.is_false(err.retryable)
      assert.equal(1, meta.attempts)
      assert.equal(1, #driver.sent)
      assert.same({}, driver.waits)
      assert.has_error(function()
        client.datastore.update("ds_1", { label = "x" })
      end, "datastore.update: the client is closed")
    end)
  end)

  it("may yield where pcall can, else that is a warning", function()
    in_each(function(name)
      local datastore, meta
      local call = coroutine.create(function()
        local _
        _, datastore, _, meta = drivers.update({ api(503), FOUND },
          { [name] = coroutine.yield })
      end)
      repeat assert(coroutine.resume(call))
      until coroutine.status(call) == "dead"
      assert.equal("ds_1", datastore.id)
      assert.equal(2, meta.attempts)
      assert.equal(CAN_YIELD and 0 or 1, #meta.warnings)
    end)
  end)
end)

describe("a token function (A08, S10)", function()
  local function update(token, script)
    return drivers.update(script or { api(503), FOUND }, { token = token })
  end

  it("is asked before every attempt", function()
    local count = 0
    local driver = update(function()
      count = count + 1
      return "token-" .. count
    end)
    assert.equal("token-1", driver.sent[1].token)
    assert.equal("token-2", driver.sent[2].token)
  end)

  it("that raises is an error without its text", function()
    local driver, datastore, err, meta =
      update(function() error "canary" end)
    assert.is_nil(datastore)
    assert.equal("missing_token", err.code)
    assert.is_nil(tostring(err):find("canary", 1, true))
    assert.equal(0, meta.attempts)
    assert.equal(0, #driver.sent)
  end)

  it("that raises what looks like Ctrl-C raises, without its text", function()
    for _, text in ipairs { "interrupted!", "canary:1: interrupted!" } do
      local done, message = pcall(update, function() error(text, 0) end)
      assert.is_false(done)
      assert.equal("interrupted!", message)
    end
    local _, _, err = update(function() error("canary interrupted!", 0) end)
    assert.equal("missing_token", err.code)
  end)

  it("that raises at the second attempt does not hide the first", function()
    local asked = false
    local _, _, err, meta = update(function()
      if asked then error "canary" end
      asked = true
      return "t"
    end)
    assert.equal("missing_token", err.code)
    assert.equal("unknown", err.outcome)
    assert.equal(1, err.attempts)
    assert.equal(503, meta.status)
  end)

  it("may use its own client, and close it", function()
    local client, inner
    client = drivers.client({ FOUND }, {
      token = function()
        if inner == nil then
          inner = false
          inner = client.datastore.update("ds_2", { label = "y" })
        else
          client.close()
        end
        return truto.secret "t"
      end,
    })
    local _, err = client.datastore.update("ds_1", { label = "x" })
    assert.equal("client_closed", err.code)
    assert.equal("not_sent", err.outcome)
  end)
end)
