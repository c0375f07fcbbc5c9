local core = require "truto.core"
local cjson = require "cjson"
local drivers = require "support.driver"
local exchange = require "support.exchange"
local vm = require "support.vm"

local server = exchange.server

-- Everything real but the waits. Each request that the server read is one
-- attempt, unless the fault keeps it from reading.
local function update(fault, options)
  server:reset()
  local given = { driver = drivers.impatient() }
  for name, value in pairs(options or {}) do given[name] = value end
  local datastore, err, meta = exchange.update(fault, given)
  return given.driver, datastore, err, meta
end

local function requests_are(count, meta)
  assert.equal(count, meta.attempts)
  assert.equal(count, #server:log())
end

describe("a throttled update (H05)", function()
  for name, row in pairs {
    ["in seconds"] = { ",retry-after=7", 7, 7 },
    ["as an HTTP date"] = { ",retry-after-in=7", 6, 8 },
    ["absent"] = { "", 0.25, 0.25 },
  } do
    it("waits, then succeeds: Retry-After " .. name, function()
      local driver, datastore, err, meta =
        update("fail-then-ok,times=1,status=429" .. row[1])
      assert.is_nil(err)
      assert.is_table(datastore)
      requests_are(2, meta)
      assert.equal(1, #driver.waits)
      assert.is_true(driver.waits[1] > row[2] - 0.1)
      assert.is_true(driver.waits[1] <= row[3])
    end)
  end
end)

describe("a hostile Retry-After (H06)", function()
  for value, want in pairs {
    ["-5"] = false, ["1e20"] = false, words = false, ["soon%2C"] = false,
    ["99999999999999999999999"] = 86400, ["1.5"] = 1.5, ["0"] = 0,
    ["Fri%2C%2031%20Dec%209999%2023:59:59%20GMT"] = 86400,
    ["3600"] = 3600,
    ["Thu%2C%2001%20Jan%201970%2000:00:00%20GMT"] = 0,
    ["nan"] = false, ["inf"] = false, ["0x10"] = false, [""] = false,
    ["1.5s"] = false, ["1.5.5"] = false, ["12:00"] = false,
    ["words:%20" .. ("x"):rep(60)] = false,
  } do
    it("is told up to a day, obeyed up to 60 s, or ignored: " .. value,
      function()
      local driver, datastore, err =
        update("status=503,retry-after=" .. value, { max_attempts = 2 })
      assert.is_nil(datastore)
      assert.equal(want or nil, err.retry_after)
      assert.equal(1, #driver.waits)
      local wait = math.min(want or 0.25, 60)
      assert.is_true(math.abs(driver.waits[1] - wait) < 0.26)
    end)
  end
end)

describe("a Retry-After beyond the deadline (H07)", function()
  it("ends the call at once", function()
    local driver, datastore, err, meta =
      update("status=429,retry-after=30", { deadline = 20 })
    assert.is_nil(datastore)
    assert.equal(30, err.retry_after)
    assert.equal("rate_limited", err.code)
    assert.same({}, driver.waits)
    requests_are(1, meta)
  end)
end)

describe("a server that stays unavailable (H08)", function()
  it("gets max_attempts requests, with growing gaps between", function()
    local driver, datastore, err, meta =
      update("status=503", { max_attempts = 5 })
    assert.is_nil(datastore)
    assert.equal("unavailable", err.code)
    assert.is_true(err.retryable)
    assert.equal(5, err.attempts)
    for i, wait in ipairs { 0.25, 0.5, 1, 2 } do
      assert.is_true(math.abs(driver.waits[i] - wait) < 0.1)
    end
    assert.equal(4, #driver.waits)
    requests_are(5, meta)
  end)
end)

describe("a failure that passes (H09)", function()
  for _, status in ipairs { 408, 425, 500, 502, 503, 504 } do
    it(status .. " then success", function()
      local _, datastore, err, meta =
        update("fail-then-ok,times=2,status=" .. status)
      assert.is_nil(err)
      assert.is_table(datastore)
      requests_are(3, meta)
    end)
  end
end)

describe("an outage with many calls (H10)", function()
  it("empties the quota: attempts per call fall to 1", function()
    server:reset()
    local client =
      exchange.client("status=503", { driver = drivers.impatient() })
    local attempts, last = 0, nil
    for _ = 1, 25 do
      local _, err = client.datastore.update("ds_1", { label = "x" })
      attempts, last = attempts + err.attempts, err.attempts
    end
    client.close()
    assert.equal(1, last)
    assert.equal(25 + 35, attempts)
    assert.equal(attempts, #server:log())
  end)
end)

describe("what stays is one attempt", function()
  for _, fault in ipairs {
    "status=400", "status=401", "status=404", "status=409", "status=422",
    "status=501", "redirect=307,to=same", "body=html", "body=array",
    "status=404,chunked=1", "garbage-status-line",
  } do
    it(fault, function()
      local _, datastore, err, meta = update(fault)
      assert.is_nil(datastore)
      assert.is_false(err.retryable)
      requests_are(1, meta)
    end)
  end

  it("a certificate that is not accepted (T01-T03)", function()
    for _, listener in ipairs { "wrong_host", "expired", "unknown_ca" } do
      local _, _, err, meta = update(nil, { listener = listener })
      assert.equal("certificate_invalid", err.code)
      assert.equal(1, meta.attempts)
      assert.is_false(err.retryable)
    end
  end)
end)

describe("a connection that fails is tried again:", function()
  local function exhausted(attempts, outcome, fault, options)
    local driver, datastore, err, meta = update(fault, options)
    assert.is_nil(datastore)
    assert.equal(outcome, err.outcome)
    assert.equal(attempts, meta.attempts)
    assert.equal(attempts - 1, #driver.waits)
    assert.is_true(err.retryable)
    return err
  end

  it("refused (N01)", function()
    for _, mode in ipairs { true, "not_sent" } do
      local err = exhausted(3, "not_sent", nil,
        { listener = "refused", retry = mode })
      assert.equal("connection_refused", err.code)
    end
    exhausted(1, "not_sent", nil, { listener = "refused", retry = false })
  end)

  it("no name (N03)", function()
    exhausted(3, "not_sent", nil,
      { base_url = "https://no-such-host.invalid" })
  end)

  it("hanging (N02)", function()
    exhausted(2, "not_sent", nil, {
      listener = "backlog_full", connect_timeout = 0.1, max_attempts = 2,
    })
  end)

  it("reset in the handshake", function()
    for _, listener in ipairs { "reset_handshake", "close_handshake" } do
      exhausted(3, "not_sent", nil, { listener = listener })
    end
  end)

  for _, fault in ipairs {
    "close-after-read", "reset-after-read", "short-body", "short-chunk",
  } do
    it(fault .. ", but not with \"not_sent\" (N07, N08, N14)", function()
      exhausted(3, "unknown", fault)
      assert.equal(3, #server:log())
      exhausted(1, "unknown", fault, { retry = "not_sent" })
      assert.equal(1, #server:log())
    end)
  end

  it("no answer (N12)", function()
    local err = exhausted(2, "unknown", "silent",
      { timeout = 0.1, max_attempts = 2 })
    assert.equal("timeout", err.code)
    assert.equal(2, #server:log())
  end)

  for _, fault in ipairs { "reuse-close", "reuse-reset" } do
    it(fault .. ": one request per attempt (N09)", function()
      server:reset()
      local client = exchange.client(fault, { driver = drivers.impatient() })
      assert(client.datastore.update("ds_1", { label = "x" }))
      local datastore, err, meta =
        client.datastore.update("ds_1", { label = "y" })
      client.close()
      assert(datastore, err)
      assert.equal(2, meta.attempts)
      assert.is_false(meta.connection_reused)
      assert.equal(3, #server:log())
    end)
  end
end)

describe("the deadline", function()
  it("ends a server that never answers, over all attempts", function()
    server:reset()
    local driver = drivers.impatient()
    local client = exchange.client("silent", {
      driver = driver, timeout = 10, deadline = 0.3,
    })
    local _, err, meta = client.datastore.update("ds_1", { label = "x" })
    client.close()
    assert.equal("timeout", err.kind)
    assert.equal("unknown", err.outcome)
    assert.is_true(driver.sent[1].timeout <= 0.3)
    assert.is_true(meta.elapsed >= 0.29)
    requests_are(1, meta)
  end)
end)

describe("the rate limit of an answer", function()
  it("is in meta, as numbers", function()
    local _, _, _, meta = update("ok,ratelimit-limit=500,"
      .. "ratelimit-remaining=499,ratelimit-reset=10")
    assert.same({ limit = 500, remaining = 499, reset = 10 }, meta.ratelimit)
  end)

  it("makes the next call wait, and on_retry is told", function()
    local driver, told = drivers.impatient(), {}
    local client = exchange.client(
      "ok,ratelimit-remaining=0,ratelimit-reset=9", {
        driver = driver,
        on_retry = function(event) told[#told + 1] = event end,
      })
    assert(client.datastore.update("ds_1", { label = "x" }))
    assert.same({}, driver.waits)
    assert(client.datastore.update("ds_1", { label = "x" }))
    client.close()
    assert.equal(1, #driver.waits)
    assert.is_true(driver.waits[1] > 8 and driver.waits[1] <= 9)
    assert.equal("rate_limited", told[1].err.code)
  end)
end)

describe("the next call after a Retry-After (H27)", function()
  local function client_of(status, driver)
    server:reset()
    return exchange.client(("fail-then-ok,times=1,status=%d,retry-after=20")
      :format(status), { driver = driver, max_attempts = 1 })
  end

  it("of a 429 waits, or is refused without a request", function()
    local driver = drivers.impatient()
    local client = client_of(429, driver)
    local _, limited = client.datastore.update("ds_1", { label = "x" })
    assert.equal(429, limited.status)
    for _ = 1, 30 do
      local datastore, err, meta = client.datastore.update("ds_1",
        { label = "x" }, { deadline = 10 })
      assert.is_nil(datastore)
      assert.same({ "api", "rate_limited", "not_sent", 0 },
        { err.kind, err.code, err.outcome, err.attempts })
      assert.is_true(err.retry_after > 10 and err.retry_after <= 20)
      assert.equal(0, meta.attempts)
    end
    assert.equal(1, #server:log())
    assert(client.datastore.update("ds_1", { label = "x" }))
    assert.equal(1, #driver.waits)
    assert.is_true(driver.waits[1] > 10 and driver.waits[1] <= 20)
    assert.equal(2, #server:log())
    client.close()
  end)

  it("of a 503 is made at once", function()
    local driver = drivers.impatient()
    local client = client_of(503, driver)
    local _, err = client.datastore.update("ds_1", { label = "x" })
    assert.equal(20, err.retry_after)
    assert(client.datastore.update("ds_1", { label = "x" }))
    assert.same({}, driver.waits)
    client.close()
  end)
end)

describe("a token function (S10)", function()
  it("gives the token of each request", function()
    local count = 0
    update("status=503", {
      max_attempts = 2,
      token = function()
        count = count + 1
        return exchange.TOKEN .. "-" .. count
      end,
    })
    for i, entry in ipairs(server:log()) do
      assert.equal("Bearer " .. exchange.TOKEN .. "-" .. i,
        entry:header "authorization")
    end
    assert.equal(2, #server:log())
  end)
end)

describe("log and on_retry (S03)", function()
  it("tell of real exchanges, and of no secret", function()
    for _, fault in ipairs {
      "fail-then-ok,times=1,status=500", "echo-token", "reset-after-read",
    } do
      local told = {}
      local function tell(event) told[#told + 1] = event end
      update(fault, { log = tell, on_retry = tell })
      assert.is_true(#told >= 3, fault)
      assert.is_nil(cjson.encode(told):find(exchange.TOKEN, 1, true), fault)
    end
  end)

  it("name the path that the request went to, masked (S09)", function()
    local told = {}
    local client = exchange.client("status=404", {
      log = function(event) told[#told + 1] = event end,
    })
    client.datastore.update("ds_1", { label = "x" })
    assert.equal("/status=404/datastore/ds_1", told[#told].path)
    client.datastore.update(exchange.TOKEN, { label = "x" })
    assert.matches("/datastore/[secret]", told[#told].path, 1, true)
    client.datastore.update("a b", { label = "x" })
    assert.equal("/status=404/datastore/{id}", told[#told].path)
    client.close()
    assert.is_nil(cjson.encode(told):find(exchange.TOKEN, 1, true))
  end)
end)

-- A program of its own, with real waits.
local PROGRAM = [[
local truto = require "truto"
local client = assert(truto.new {
  driver = %s,
  base_url = "%s", ca_file = "%s", token = "canary-token-4f1c",
  on_retry = function(event)
    local stat = assert(io.open "/proc/self/stat")
    print("waiting " .. stat:read "*a":match "^%%d+" .. " " .. event.wait)
    stat:close()
    io.stdout:flush()
  end,
})
local _, err, meta = client.datastore.update("ds_1", { label = "x" })
print(err and err.kind .. " " .. err.code, err and err.outcome,
  meta.attempts)
]]

local function start(fault, environment, kind)
  server:reset()
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(PROGRAM:format(drivers.code(kind), server:url("https", fault),
    server.ca_file))
  file:close()
  return assert(io.popen((environment or "") .. " exec " .. vm.command .. " "
    .. path .. " 2>&1")), path
end

-- Until the process sleeps: after it has said so, that is in its wait.
local function wait_for_sleep(pid)
  for _ = 1, 2000 do
    local stat = assert(io.open("/proc/" .. pid .. "/stat"))
    local state = stat:read "*a":match "%) (%a)"
    stat:close()
    if state == "S" then return end
    core.system.wait(0.002)
  end
  error "the program never slept"
end

describe("Ctrl-C while waiting to retry (C06)", function()
  it("ends the call within 100 ms, not retried", function()
    -- In an event loop a signal is the loop's.
    local program, path = start("status=503,retry-after=50", "", "blocking")
    local pid = program:read "*l":match "^waiting (%d+) 50"
    wait_for_sleep(pid)
    local before = core.system.monotonic()
    os.execute("kill -INT " .. pid)
    local line = program:read "*l"
    local took = core.system.monotonic() - before
    program:close()
    os.remove(path)
    assert.equal("interrupted interrupted\tunknown\t1", line)
    assert.equal(1, #server:log())
    -- The wait would be 50 s; spec/bench/interrupts.lua measures its end.
    assert.is_true(took < 25, took)
  end)
end)

describe("TRUTO_LOG=debug", function()
  it("prints events to standard error, without secrets", function()
    local program, path =
      start("fail-then-ok,times=1,status=503", "TRUTO_LOG=debug")
    local output = program:read "*a"
    program:close()
    os.remove(path)
    for _, line in ipairs {
      "truto: request PATCH /datastore/{id} attempt=1\n",
      "truto: response PATCH /fail%-then%-ok[^ ]*/datastore/ds_1 attempt=1 "
        .. "status=503 kind=api code=unavailable ",
      "truto: retry PATCH [^ ]*/datastore/ds_1 attempt=1 status=503 ",
      "truto: request PATCH [^ ]*/datastore/ds_1 attempt=2\n",
      "truto: response PATCH [^ ]+ attempt=2 status=200 elapsed=0%.%d+ ",
    } do
      assert.matches(line, output)
    end
    assert.is_nil(output:find("canary", 1, true))
  end)
end)
