local exchange = require "support.exchange"
local truto = require "truto"

local server = exchange.server

local function fails(fault, changes)
  local given = { max_attempts = 1 }
  for key, value in pairs(changes or {}) do given[key] = value end
  local datastore, err, meta = exchange.update(fault, given)
  assert.is_nil(datastore)
  assert.is_table(err)
  return err, meta
end

before_each(function() server:reset() end)

describe("a datastore", function()
  it("arrives as a table, whole numbers as integers", function()
    local datastore = assert(exchange.update "body=numbers")
    for _, value in pairs(datastore) do
      if math.type and type(value) == "number" and value % 1 == 0
        and math.abs(value) < 2 ^ 53 then
        assert.equal("integer", math.type(value))
      end
    end
  end)

  it("has no null members, and keeps unknown fields", function()
    local datastore = assert(exchange.update "body=null-members")
    for key, value in pairs(datastore) do
      assert.not_equal(truto.null, value, key)
    end
    assert(exchange.update "body=unknown-type")
  end)

  it("with a key twice has the last one (J06)", function()
    assert(exchange.update "body=duplicate-keys")
  end)

  it("with bytes that are not UTF-8 keeps them (J10)", function()
    assert(exchange.update "body=invalid-utf8")
  end)

  it("comes with meta", function()
    local _, err, meta = exchange.update "ok,x-a=1,x-a=2"
    assert.is_nil(err)
    assert.equal(200, meta.status)
    assert.equal(1, meta.attempts)
    assert.equal("number", type(meta.elapsed))
    assert.is_string(meta.headers["content-type"])
    for name in pairs(meta.headers) do assert.equal(name:lower(), name) end
    assert.same({}, meta.warnings)
  end)
end)

describe("a 2xx that is not one JSON object (H11, J05, J11)", function()
  for _, name in ipairs {
    "empty", "spaces", "html", "text", "broken-json", "unclosed",
    "trailing-comma", "single-quotes", "array", "empty-array", "string",
    "number", "true", "null", "two-values", "trailing-bytes", "bom", "utf16",
    "comments", "line-comment", "nan", "infinity", "hex-number",
    "leading-zero", "plus-number", "lone-surrogate", "nested-65",
    "nested-1001", "nested-1000000",
  } do
    it("is a response error: " .. name, function()
      local err = fails("body=" .. name, { max_response_bytes = 2 ^ 25 })
      assert.equal("response", err.kind)
      assert.equal("not_json_object", err.code)
      assert.equal("unknown", err.outcome)
      assert.equal(200, err.status)
      assert.equal(1, #server:log())
    end)
  end

  it("as is 204 without a body", function()
    local err = fails "status=204"
    assert.equal("not_json_object", err.code)
    assert.equal(204, err.status)
  end)
end)

describe("a number in an answer (J18)", function()
  for _, name in ipairs { "huge-number", "negative-huge-number",
    "inner-huge-number", "long-number" } do
    it("beyond Lua's is a response error: " .. name, function()
      local err = fails("body=" .. name)
      assert.same({ "response", "number_out_of_range", "unknown" },
        { err.kind, err.code, err.outcome }, err.message)
      assert.equal(200, err.status)
    end)
  end

  it("in an error's body leaves the error without it", function()
    local err = fails "status=400,body=huge-number"
    assert.equal("bad_request", err.code)
    assert.is_nil(err.api)
  end)

  it("keeps as much as the documents say", function()
    local found = assert(exchange.update "body=big-int")
    for name, digits in pairs { a = 2 ^ 53, b = 1234567890123456,
      c = -2 ^ 63, d = 2 ^ 63, e = 2 ^ 63, f = 2 ^ 64 } do
      assert.equal(digits, found[name] + 0.0, name)
    end
    found = assert(exchange.update "body=numbers")
    assert.equal(0, found.negative_zero)
    assert.equal(5e-324, found.tiny)
    assert.equal(1000, found.exponent)
  end)
end)

describe("an API error", function()
  local STATUSES = {
    [400] = "bad_request", [401] = "unauthorized", [403] = "forbidden",
    [404] = "not_found", [409] = "conflict", [413] = "payload_too_large",
    [418] = "client_error", [422] = "unprocessable_entity",
    [429] = "rate_limited", [451] = "client_error", [500] = "server_error",
    [502] = "bad_gateway", [503] = "unavailable", [504] = "gateway_timeout",
    [507] = "server_error", [599] = "server_error",
  }
  for status, code in pairs(STATUSES) do
    it(status .. " is " .. code, function()
      local err, meta = fails(("status=%d,body=envelope"):format(status))
      assert.equal("api", err.kind)
      assert.equal(code, err.code)
      assert.equal(status, err.status)
      assert.equal(status, meta.status)
      assert.equal(status < 500 and "rejected" or "unknown", err.outcome)
      assert.equal(err.api.message, err.message)
      assert.equal("PATCH", err.method)
      assert.equal(server:url("https",
        ("status=%d,body=envelope"):format(status)) .. "/datastore/ds_1",
        err.url)
      assert.matches(tostring(status), tostring(err), 1, true)
    end)
  end

  it("keeps details.failures (H24)", function()
    local err = fails "status=400,body=failures"
    assert.is_table(err.api.details.failures)
  end)

  it("has a message whatever the body is (H24)", function()
    for _, name in ipairs { "empty", "html", "broken-json", "array", "string",
      "null-message", "message-object", "nested-1001", "large" } do
      local err = fails("status=500,body=" .. name)
      assert.equal("api", err.kind, name)
      assert.equal(500, err.status)
      assert.is_true(#err.message > 0)
      assert.is_nil(err.message:find "[%c]")
    end
  end)
end)

describe("a secret that the server echoes (H04)", function()
  local function strings(value, found)
    found = found or {}
    if type(value) == "table" then
      for key, member in pairs(value) do
        strings(key, found)
        strings(member, found)
      end
    elseif type(value) == "string" then
      found[#found + 1] = value
    end
    return found
  end

  local function echoes(as)
    local client = exchange.client("echo-token=401,as=" .. as,
      { max_attempts = 1 })
    local _, err, meta = client.datastore.update("ds_1", { label = "x" })
    client.close()
    return err, meta
  end

  for _, as in ipairs { "json", "escaped", "text", "html" } do
    it("is masked in the error and in meta: " .. as, function()
      local err, meta = echoes(as)
      assert.equal("unauthorized", err.code)
      for _, text in ipairs(strings { err, meta, tostring(err) }) do
        assert.is_nil(text:find(exchange.TOKEN, 1, true), text)
      end
    end)
  end

  it("is masked anywhere below a secret object, plain fields are not",
    function()
      local client =
        exchange.client("status=400,body=echo", { max_attempts = 1 })
      local _, err = client.datastore.update("ds_1", {
        config = { credentials = {
          type = "authorized_user", refresh_token = "canary-refresh",
          more = { "canary-listed", { deep = "canary-deep" } },
        } },
      }, { validate = false })
      client.close()
      local sent = err.api.sent.config.credentials
      assert.equal("authorized_user", sent.type)
      assert.equal("[secret]", sent.refresh_token)
      assert.same({ "[secret]", { deep = "[secret]" } }, sent.more)
    end)

  it("is masked also in headers and in a Location", function()
    local err, meta = fails("status=302,location=https://x/%3Ft%3D"
      .. exchange.TOKEN .. ",x-token=" .. exchange.TOKEN)
    for _, text in ipairs(strings { err, meta, tostring(err) }) do
      if not text:find("^https://localhost") then
        assert.is_nil(text:find(exchange.TOKEN, 1, true), text)
      end
    end
  end)

  it("in the place of the id is masked in the URL (S09)", function()
    local datastore, err =
      exchange.update("status=404", { max_attempts = 1 }, exchange.TOKEN)
    assert.is_nil(datastore)
    assert.is_nil(tostring(err):find(exchange.TOKEN, 1, true))
  end)

  it("is not shown in its encoded form either", function()
    local events = {}
    local datastore, err, meta = exchange.update("status=404", {
      max_attempts = 1, token = "canary+token/1",
      log = function(event) events[#events + 1] = event end,
    }, "canary+token/1")
    assert.is_nil(datastore)
    for _, text in ipairs(strings { err, meta, tostring(err), events }) do
      assert.is_nil(text:find("canary", 1, true), text)
    end
    assert.matches("/datastore/[secret]", err.url, 1, true)
  end)
end)
