-- The operations beside update: what each means, in a sandbox and on scripted
-- drivers.

local core = require "truto.core"
local drivers = require "support.driver"
local operations = require "truto.operations"
local sandbox = require "truto.sandbox"
local truto = require "truto"

local S3 = { type = "s3", label = "exports", config = { bucket = "b" } }

-- Arguments that are right for each, options left out.
local RIGHT = {
  get = { "ds_1" }, list = { {} }, create = { S3 },
  update = { "ds_1", { label = "x" } }, delete = { "ds_1" },
  test = { "ds_1", "uploadObject", {} },
}

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local function call(client, name, options)
  local arguments, count = {}, #operations[name].arguments
  for i = 1, count do arguments[i] = RIGHT[name][i] end
  arguments[count + 1] = options
  return client.datastore[name](unpack(arguments, 1, count + 1))
end

local LOST = { nil, {
  kind = "network", code = "connection_lost", message = "lost",
  outcome = "unknown",
} }
local REFUSED = { nil, {
  kind = "network", code = "connection_refused", message = "refused",
  outcome = "not_sent",
} }
local ANSWERS = { list = { { result = {} }, nil, { status = 200 } } }

local function found(name) return ANSWERS[name] or drivers.FOUND end

for _, kind in ipairs { "blocking", "background" } do
  describe("through the " .. kind .. " driver, in a sandbox,", function()
    local service, client
    setup(function()
      service = assert(sandbox.start { rate_limit = { limit = 5000 } })
      client = assert(truto.new {
        base_url = service.base_url, token = service.token,
        ca_file = service.ca_file, driver = drivers.real(kind),
      })
    end)
    teardown(function()
      client.close()
      service.stop()
      require "support.background".stop()
    end)

    it("a datastore is made, read, tested, listed and deleted", function()
      local made = truto.assert(client.datastore.create {
        type = "s3", label = "exports",
        config = truto.config.s3 { bucket = "b",
          access_key_id = "AKIAIOSFODNN7EXAMPLE",
          secret_access_key = truto.secret(("k"):rep(40)) },
      })
      assert.equal("exports", made.label)
      assert.is_nil(made.config.secret_access_key)
      assert.same(made, (client.datastore.get(made.id)))
      assert.is_true(client.datastore.test(made.id, "uploadObject").success)
      assert.is_true(
        client.datastore.test(made.id, "uploadObject", { a = 1 }).success)
      local page = truto.assert(client.datastore.list { id = made.id })
      assert.same({ made }, page.result)
      assert.is_nil(page.next_cursor)
      local gone, err, meta = client.datastore.delete(made.id)
      assert.same({ id = made.id }, gone, err)
      assert.equal(200, meta.status)
      gone, err = client.datastore.delete(made.id)
      assert.is_nil(gone)
      assert.same({ "not_found", "rejected", "DELETE" },
        { err.code, err.outcome, err.method })
    end)

    it("each has all 250 datastores, page after page", function()
      local before, seen = 0, {}
      for _ in client.datastore.each() do before = before + 1 end
      for i = 1, 250 do
        truto.assert(client.datastore.create({
          id = ("each_%03d"):format(i), type = "qdrant", label = "each",
          config = { collection = "c" } }))
      end
      for one in client.datastore.each { limit = 40 } do
        assert.is_nil(seen[one.id])
        seen[#seen + 1], seen[one.id] = one.id, true
      end
      assert.equal(before + 250, #seen)
      for i = 1, 250 do
        assert.is_true(seen[("each_%03d"):format(i)])
        client.datastore.delete(("each_%03d"):format(i))
      end
    end)
  end)
end

describe("an operation", function()
  local client = truto.new {
    token = "canary-token", base_url = "http://127.0.0.1:9",
  }
  local FOREIGN = { get = "validate", list = "read_back", create = "type",
    delete = "partial", test = "validate", update = "filters" }

  for name, row in pairs(operations) do
    it(name .. " raises for what is misuse, at the caller's line", function()
      local function raises(pattern, ...)
        local count = select("#", ...)
        local values = { ... }
        local done, message = pcall(function()
          local _ = client.datastore[name](unpack(values, 1, count))
        end)
        assert.is_false(done)
        assert.matches("operations_spec.lua:%d+: datastore." .. name .. ": "
          .. pattern, message)
      end
      raises("call it with a dot, not a colon", client.datastore)
      for i, argument in ipairs(row.arguments) do
        local values = {}
        for k = 1, #row.arguments do values[k] = RIGHT[name][k] end
        values[i] = 5
        raises(argument.name .. " must be a " .. argument.type
          .. ", not a number", unpack(values, 1, #row.arguments))
      end
      local values, count = {}, #row.arguments
      for k = 1, count do values[k] = RIGHT[name][k] end
      values[count + 1] = { [FOREIGN[name]] = true }
      raises(FOREIGN[name] == "filters" and "unknown option 'filters'"
        or "option '" .. FOREIGN[name] .. "' has no meaning for this call",
        unpack(values, 1, count + 1))
      values[count + 1] = 5
      raises("options must be a table", unpack(values, 1, count + 1))
    end)

    it(name .. " on a closed client raises", function()
      local closed = truto.new { token = "t", base_url = "http://127.0.0.1:9" }
      closed.close()
      local done, message = pcall(call, closed, name)
      assert.is_false(done)
      assert.matches("the client is closed", message)
    end)
  end

  it("has the arguments that its route takes", function()
    for name, row in pairs(operations) do
      local segments = select(2, core.routes[name].path:gsub("{", ""))
      local strings = 0
      for _, argument in ipairs(row.arguments) do
        if argument.type == "string" then strings = strings + 1 end
      end
      assert.equal(segments, strings, name)
    end
    for name in pairs(core.routes) do assert.is_table(operations[name]) end
  end)
end)

describe("an attempt that was lost", function()
  -- Attempts of a call of which the first is lost, then those that are
  -- refused.
  local function attempts(name, first, retry)
    local client, driver =
      drivers.client({ first, found(name) }, { max_attempts = 3 })
    local answer, err = call(client, name, { retry = retry })
    assert.equal(answer == nil, err ~= nil)
    assert.equal(name, driver.sent[1].operation)
    return #driver.sent, err
  end
  local SAFE = { get = true, list = true }
  local TWICE = { get = true, list = true, update = true, delete = true }

  for name in pairs(operations) do
    it("is repeated by " .. name .. " as its route allows", function()
      assert.equal(TWICE[name] and 2 or 1, (attempts(name, LOST, true)))
      assert.equal(SAFE[name] and 2 or 1, (attempts(name, LOST, "not_sent")))
      assert.equal(1, (attempts(name, LOST, false)))
    end)

    it("but never sent is repeated by " .. name, function()
      assert.equal(2, (attempts(name, REFUSED, true)))
      assert.equal(2, (attempts(name, REFUSED, "not_sent")))
      assert.equal(1, (attempts(name, REFUSED, false)))
    end)

    it("leaves the outcome of " .. name .. " unknown", function()
      local _, err = attempts(name, LOST, false)
      assert.equal("unknown", err.outcome)
    end)
  end
end)

describe("delete", function()
  local NO_BODY = { {}, nil, { status = 204 } }

  it("has the id of an answer without a body", function()
    local client = drivers.client { NO_BODY }
    assert.same({ id = "ds_1" }, (client.datastore.delete "ds_1"))
  end)

  it("that finds nothing, after a lost attempt, is a success", function()
    local client = drivers.client { LOST, drivers.api(404) }
    local gone, err, meta = client.datastore.delete "ds_1"
    assert.is_nil(err)
    assert.same({ id = "ds_1" }, gone)
    assert.equal(2, meta.attempts)
    assert.equal(404, meta.status)
    assert.equal("already_deleted", meta.warnings[1].code)
  end)

  it("that finds nothing otherwise is refused", function()
    for _, script in ipairs {
      { drivers.api(404) }, { REFUSED, drivers.api(404) },
      { drivers.api(429), drivers.api(404) }, { LOST, drivers.api(403) },
    } do
      local client = drivers.client(script)
      local gone, err, meta = client.datastore.delete "ds_1"
      assert.is_nil(gone)
      assert.equal("api", err.kind)
      assert.same({}, meta.warnings)
    end
  end)
end)

describe("create", function()
  local function issues_of(fields, options)
    local client, driver = drivers.client { drivers.FOUND }
    local made, err, meta = client.datastore.create(fields, options)
    assert.equal(err and 0 or 1, #driver.sent)
    local list = {}
    for i, issue in ipairs(err and err.issues or meta.warnings) do
      list[i] = issue.path .. " " .. issue.code
    end
    return list, made ~= nil
  end

  it("wants its three fields", function()
    assert.same({ "type missing_field", "label missing_field",
      "config missing_field" }, (issues_of {}))
  end)

  it("checks the config by its type", function()
    assert.same({ "config.bucket unknown_field" }, (issues_of {
      type = "qdrant", label = "x", config = { bucket = "b" } }))
    assert.same({ "config.credentials missing_field" }, (issues_of {
      type = "google_cloud_storage", label = "x", config = { bucket = "b" } }))
    assert.same({ "config ambiguous_type" }, (issues_of {
      type = "qdrant", label = "x", config = truto.config.s3 {} }))
  end)

  it("passes a type that is not known, with a warning", function()
    local warnings, made = issues_of { type = "postgres", label = "x",
      config = { anything = 1 } }
    assert.same({ "config unknown_type" }, warnings)
    assert.is_true(made)
  end)

  it("refuses fields of the wrong type, or that are none", function()
    assert.same({ "type type_mismatch", "label invalid_value",
      "id type_mismatch", "environment_id invalid_value",
      "config type_mismatch", "config_secret type_mismatch",
      "validation_methods[1] type_mismatch", "bucket unknown_field",
      "created_at unknown_field" }, (issues_of {
        type = 1, label = "", id = {}, environment_id = "", config = "x",
        config_secret = 5, validation_methods = { 5 }, bucket = "b",
        created_at = "now" }))
  end)

  it("sends as given with validate = false, but for types", function()
    local _, made = issues_of({ type = "qdrant", label = "x",
      config = { bucket = "b" } }, { validate = false })
    assert.is_true(made)
  end)
end)
