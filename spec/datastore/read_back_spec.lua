-- read_back: what became of an update that no answer told of. The sandbox is
-- real; what strikes is only the update, never the read.

local drivers = require "support.driver"
local read_back = require "truto.read_back"
local sandbox = require "truto.sandbox"
local truto = require "truto"

local LABEL = { label = "read back" }

local service, plain
setup(function()
  service = assert(sandbox.start())
  plain = assert(truto.new { base_url = service.base_url,
    token = service.token, ca_file = service.ca_file })
end)
teardown(function()
  plain.close()
  service.stop()
  require "support.background".stop()
end)

local function shallow(values)
  local copy = {}
  for name, value in pairs(values) do copy[name] = value end
  return copy
end

-- A client whose updates meet `strike(send)`, which sends with a fault of the
-- sandbox; `operations` notes each attempt.
local function striking(kind, strike, options)
  local driver = drivers.impatient(kind)
  local attempt, operations = driver.attempt, {}
  function driver.attempt(handle, operation, ...)
    operations[#operations + 1] = operation
    if operation ~= "update" then return attempt(handle, operation, ...) end
    local id, changes, sending = ...
    return strike(function(fault)
      local faulty = shallow(sending)
      faulty.headers = fault and { ["truto-sandbox-fault"] = fault }
      return attempt(handle, operation, id, changes, faulty)
    end, #operations)
  end
  local given = { base_url = service.base_url, token = service.token,
    ca_file = service.ca_file, driver = driver }
  for name, value in pairs(options or {}) do given[name] = value end
  return assert(truto.new(given)), operations
end

local function reset()
  truto.assert(plain.datastore.update("ds_qdrant", {
    label = "before", config = { collection = "before" } }))
end

local function label_of()
  return truto.assert(plain.datastore.get "ds_qdrant").label
end

local function applies_and_drops(send) return send "drop=after" end
local function drops(send) return send "drop" end
local function applies_and_answers_502(send)
  assert(send())
  return send "status=502"
end
local function another_writer(send)
  local answer, err, facts = send "drop=after"
  assert(plain.datastore.update("ds_qdrant", { label = "the other's" }))
  return answer, err, facts
end

local READ_BACK = { read_back = true }
local ONCE = { read_back = true, retry = false }

for _, kind in ipairs { "blocking", "background" } do
  describe("read_back through the " .. kind .. " driver", function()
    before_each(reset)

    for name, strike in pairs {
      ["applies and drops"] = applies_and_drops,
      ["answers 502 after applying"] = applies_and_answers_502,
    } do
      it("finds what a server did that " .. name, function()
        local client, operations = striking(kind, strike)
        local datastore, err, meta =
          client.datastore.update("ds_qdrant", LABEL, READ_BACK)
        assert.is_nil(err)
        assert.equal("read back", datastore.label)
        assert.is_true(meta.read_back)
        assert.same({ 1, 200 }, { meta.attempts, meta.status })
        assert.same({}, meta.warnings)
        assert.same({ "update", "get" }, operations)
        client.close()
      end)
    end

    it("says what differs where a server drops without applying", function()
      local client, operations = striking(kind, drops)
      local datastore, err, meta = client.datastore.update("ds_qdrant",
        { label = "x", config = { collection = "x", port = 6333 } }, ONCE)
      assert.is_nil(datastore)
      assert.same({ "connection_lost", "unknown" }, { err.code, err.outcome })
      assert.same({ "config.collection", "label" }, err.differs)
      assert.matches("; read back, these differ: config.collection, label$",
        err.message)
      assert.is_nil(meta.read_back)
      assert.same({ "update", "get" }, operations)
      client.close()
    end)

    it("repeats what was not applied, and reads before each", function()
      local client, operations = striking(kind, function(send, attempt)
        return send(attempt < 3 and "drop" or nil)
      end)
      local datastore, err, meta =
        client.datastore.update("ds_qdrant", LABEL, READ_BACK)
      assert.is_nil(err)
      assert.equal("read back", datastore.label)
      assert.same({ "update", "get", "update" }, operations)
      assert.same({ 2, nil }, { meta.attempts, meta.read_back })
      client.close()
    end)

    it("leaves it unknown where another writer came in between", function()
      local client = striking(kind, another_writer)
      local datastore, err =
        client.datastore.update("ds_qdrant", LABEL, ONCE)
      assert.is_nil(datastore)
      assert.same({ "unknown", "label" }, { err.outcome, err.differs[1] })
      assert.equal("the other's", label_of())
      client.close()
    end)

    it("does nothing where it was not asked for", function()
      local client, operations = striking(kind, applies_and_drops)
      local _, err =
        client.datastore.update("ds_qdrant", LABEL, { retry = false })
      assert.equal("unknown", err.outcome)
      assert.same({ "update" }, operations)
      client.close()
    end)
  end)
end

describe("read_back", function()
  before_each(reset)

  it("says that only secrets were sent, and reads nothing", function()
    local client, operations = striking("blocking", applies_and_drops)
    for _, changes in ipairs {
      { config_secret = "something-secret" },
      { config = { api_key = truto.secret "another-secret" } },
    } do
      local _, err = client.datastore.update("ds_qdrant", changes, ONCE)
      assert.equal("unknown", err.outcome)
      assert.matches("; only secrets were sent, which cannot be read back$",
        err.message)
    end
    assert.same({ "update", "update" }, operations)
    client.close()
  end)

  it("warns of secrets beside what it has seen", function()
    local client = striking("blocking", applies_and_drops)
    local datastore, err, meta = client.datastore.update("ds_qdrant",
      { label = "x", config_secret = "something-secret" }, READ_BACK)
    assert(datastore, err)
    assert.is_true(meta.read_back)
    assert.equal("secrets_not_read_back", meta.warnings[1].code)
    client.close()
  end)

  it("says why it could not read", function()
    local client, operations = striking("blocking", applies_and_drops)
    local _, err = client.datastore.update("ds_qdrant", LABEL, {
      read_back = true, retry = false,
      headers = { ["truto-sandbox-fault"] = "status=503" } })
    assert.equal("unknown", err.outcome)
    assert.matches("; reading it back failed: unavailable$", err.message)
    assert.same({ "update", "get" }, operations)
    client.close()
  end)

  it("takes a quarter of the deadline, at most 5 s", function()
    assert.equal(5, read_back.reserve(READ_BACK, 120))
    assert.equal(5, read_back.reserve(READ_BACK, 20))
    assert.equal(0.5, read_back.reserve(READ_BACK, 2))
    assert.equal(0, read_back.reserve({}, 120))
  end)

  it("has that time, when attempts took theirs", function()
    local lost = { nil, { kind = "timeout", code = "timeout", message = "late",
      outcome = "unknown" }, takes = 15 }
    local client, driver = drivers.client {
      lost, { { id = "ds_1", label = "x" }, nil, { status = 200 } },
    }
    local datastore, err, meta = client.datastore.update("ds_1",
      { label = "x" }, { read_back = true, deadline = 20 })
    assert(datastore, err)
    assert.is_true(meta.read_back)
    assert.same({ "update", "get" },
      { driver.sent[1].operation, driver.sent[2].operation })
    assert.equal(15, driver.sent[1].timeout)
    assert.equal(5, driver.sent[2].timeout)
  end)

  it("is not done after Ctrl-C", function()
    local client, driver = drivers.client { { nil, { kind = "interrupted",
      code = "interrupted", message = "stop", outcome = "unknown" } } }
    local _, err = client.datastore.update("ds_1", { label = "x" }, READ_BACK)
    assert.equal("interrupted", err.kind)
    assert.equal(1, #driver.sent)
  end)

  it("is seen in the log as a request of its own", function()
    local told = {}
    local client = striking("blocking", applies_and_drops, {
      log = function(event)
        told[#told + 1] = event.event .. " " .. event.method
      end,
    })
    assert(client.datastore.update("ds_qdrant", LABEL, READ_BACK))
    assert.same({ "request PATCH", "request GET", "response GET" }, told)
    client.close()
  end)
end)

describe("the comparison of changes with a datastore", function()
  local STORED = { id = "ds_1", label = "x", config = {
    bucket = "b", port = 6333, list = { 1, 2 }, inner = { a = "a", b = "b" },
  } }

  local function differs(changes)
    local found = read_back.compare(changes, STORED)
    return table.concat(found.differs, " "), found.compared, found.has_secret
  end

  it("looks at what the changes name, and at no more", function()
    for expected, changes in pairs {
      [""] = { label = "x", config = { bucket = "b", port = 6333.0,
        list = { 1, 2 }, inner = { b = "b" }, gone = truto.null } },
      ["label"] = { label = "y" },
      ["config.port"] = { config = { port = "6333" } },
      ["config.bucket"] = { config = { bucket = truto.null } },
      ["config.list"] = { config = { list = { 1 } } },
      ["config.inner.a"] = { config = { inner = { a = "b" } } },
      ["config.other config.port"] = { config = { other = 1, port = 1 } },
      ["config.inner"] = { config = { inner = "a" } },
      ["config.collection"] = { config = { collection = { x = 1 } } },
    } do
      assert.equal(expected, (differs(changes)))
    end
  end)

  it("leaves out every secret, and says that there is one", function()
    for _, changes in ipairs {
      { config_secret = "s" }, { config = { api_key = "k" } },
      { config = { credentials = { project_id = "p" } } },
      { config = { secret_access_key = "k" } },
      { config = { bucket = truto.secret "b" } },
    } do
      local text, compared, has_secret = differs(changes)
      assert.same({ "", 0, true }, { text, compared, has_secret })
    end
  end)
end)
