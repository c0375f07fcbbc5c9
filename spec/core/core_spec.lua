--- What the layer in Lua never hands down, and what only odd servers send.

local core = require "truto.core"
local exchange = require "support.exchange"
local secret = require "truto.secret"

local SETTINGS = { base_url = "http://127.0.0.1:9" }

local function client_with(name, value)
  return core.client.new { base_url = SETTINGS.base_url, [name] = value }
end

local function update_with(name, value)
  local options = { token = "canary-core-1" }
  options[name] = value
  return core.datastore.update(core.client.new(SETTINGS), "ds_1",
    { label = "x" }, options)
end

local function raises(part, action, ...)
  local done, message = pcall(action, ...)
  assert.is_false(done)
  assert.matches(part, message, 1, true)
end

describe("core.client.new", function()
  it("raises for settings of the wrong type", function()
    raises("base_url is missing", core.client.new, {})
    raises("settings.ca_file must be a string", client_with, "ca_file", 1)
    raises("settings.proxy has a NUL byte", client_with, "proxy", "a\0b")
    for _, bytes in ipairs { 0, -1, 0 / 0, 2 ^ 31, "x" } do
      raises("1 to 1 GiB", client_with, "max_response_bytes", bytes)
    end
  end)
end)

describe("core.datastore.update", function()
  it("raises for options that are no numbers of seconds (A04)", function()
    raises("options.timeout must be a number", update_with, "timeout", "1")
    for _, seconds in ipairs { 0, -1, 0 / 0, 1 / 0, 86401 } do
      raises("at most 86400", update_with, "connect_timeout", seconds)
    end
    raises("options.token must be", update_with, "token", 1)
  end)

  it("refuses light userdata of others", function()
    local _, err = core.datastore.update(core.client.new(SETTINGS), "ds_1",
      { label = io.stdout }, { token = "canary-core-1" })
    assert.equal("type_mismatch", err.issues[1].code)
  end)

  it("refuses light userdata that is no value of truto's", function()
    if not debug.upvalueid then return end -- Lua 5.1 has none to give
    local light = debug.upvalueid(client_with, 1)
    local _, err = core.datastore.update(core.client.new(SETTINGS), "ds_1",
      { label = light }, { token = "canary-core-1" })
    assert.equal("type_mismatch", err.issues[1].code)
  end)

  it("takes no secret that was not read: it does no I/O for one", function()
    for _, unread in ipairs { secret.file "/dev/null", secret.env "PATH",
      secret.call(function() return "x" end), secret.fd(0) } do
      local _, in_token = update_with("token", unread)
      local _, in_header = update_with("headers", { ["X-Key"] = unread })
      local _, in_config = core.datastore.update(core.client.new(SETTINGS),
        "ds_1", { config = { api_key = unread } }, { token = "canary-core-1" })
      for _, err in ipairs { in_token, in_header, in_config } do
        assert.equal("secret_unread", err.code)
        assert.equal("not_sent", err.outcome)
      end
    end
  end)

  it("refuses a token that is longer than all headers may be", function()
    local _, err = update_with("token", ("a"):rep(65536))
    assert.equal("invalid_token", err.code)
  end)
end)

describe("the config", function()
  it("is refused when its secrets no longer fit, none of them cut", function()
    -- Found by AddressSanitizer: a length was noted without its bytes.
    local length, token = 60, nil -- each stands behind 16 bytes of its own
    local client = core.client.new {
      base_url = SETTINGS.base_url, secret_names = { "credentials" },
    }
    for size = 20, 200 do
      if (8 * 2 ^ 20 - 16 - size) % (length + 16) == 16 then token = size end
    end
    local list, one = {}, secret(("s"):rep(length))
    for i = 1, 8 * 2 ^ 20 / (length + 16) + 10 do list[i] = one end
    local _, err = core.datastore.update(client, ("i"):rep(1000),
      { config = { credentials = list } }, { token = ("t"):rep(token) })
    assert.equal("validation", err.kind)
    assert.equal("too_large", err.code)
  end)

  -- Found by AddressSanitizer: the writer held on to keys that a finalizer
  -- took out of the table.
  it("is sent whole, whenever a finalizer empties it", function()
    local COUNT = 4000
    local function key(i) return ("k%05d"):format(i) .. ("x"):rep(60) end

    -- Calls at the number-th collection from now on, counted by a finalizer
    -- that makes the next one.
    local function at_collection(number, action)
      local function arm()
        number = number - 1
        if number == 0 then return action() end
        if number < 0 then return end
        if rawget(_G, "newproxy") then
          getmetatable(newproxy(true)).__gc = arm
        else
          setmetatable({}, { __gc = arm })
        end
      end
      arm()
    end

    local client = core.client.new(SETTINGS)
    local pause = collectgarbage("setpause", 100)
    for number = 2, 30 do
      local config = {}
      for i = 1, COUNT do config[key(i)] = true end
      collectgarbage()
      at_collection(number, function()
        for i = COUNT / 2, COUNT do config[key(i)] = nil end
      end)
      local _, err = core.datastore.update(client, "ds_1",
        { config = config }, { token = "canary-core-1" })
      assert.equal("connection_refused", err.code)
    end
    collectgarbage("setpause", pause)
  end)
end)

describe("an error", function()
  it("is one line, whatever the server says", function()
    local err = require("truto.errors").new {
      kind = "api", code = "bad_request", message = "one\ntwo \27[31mred\0",
    }
    assert.equal("truto: bad_request: one?two ?[31mred?", tostring(err))
    assert.matches("\n", err.message, 1, true)
  end)
end)

describe("a secret", function()
  it("cannot be revealed before its function was called", function()
    raises("was not read yet", core.secret.reveal,
      core.secret.call(function() return "x" end))
  end)

  it("from a descriptor that gave a part is not read further", function()
    -- The shell's descriptor 3: more than a secret may have, then an end
    -- that would pass for one.
    local code = 'local secret = require "truto.secret" '
      .. "local given = secret.fd(3) "
      .. "for _ = 1, 2 do local value, err = given:reveal() "
      .. "print(value and #value or err.message) end"
    local pipe = assert(io.popen(("head -c 70000 /dev/zero | tr '\\0' s "
      .. "| %s -e '%s' 3<&0 2>&1"):format(
      require "support.vm".command, code)))
    local output = pipe:read "*a"
    pipe:close()
    assert.equal("cannot read a secret from file descriptor 3: File too "
      .. "large\ncannot read a secret from file descriptor 3: an earlier "
      .. "read took part of it\n", output)
  end)
end)

describe("an answer's headers", function()
  local function update(fault)
    local client = exchange.client(fault, { max_attempts = 1 })
    local _, err, meta = client.datastore.update("ds_1", { label = "x" })
    client.close()
    return err, meta.headers
  end

  local function headers_of(fault)
    local _, headers = update(fault)
    return headers
  end

  it("that echo the token as a name are masked (H04)", function()
    local headers = headers_of("status=401," .. exchange.TOKEN .. "=x")
    assert.equal("x", headers["[secret]"])
    headers = headers_of("status=401," .. exchange.TOKEN:upper() .. "=x")
    assert.equal("x", headers["[secret]"])
    for name in pairs(headers) do
      assert.is_nil(name:find(exchange.TOKEN, 1, true))
    end
  end)

  it("of one name are joined", function()
    local headers = headers_of "status=503,X-Two=a,x-two=b"
    assert.equal("a, b", headers["x-two"])
  end)

  it("have a Date that Retry-After counts from (H06)", function()
    local later = "retry-after=Tue%2C%2015%20Nov%201994%2008:12:41%20GMT"
    local err = update("status=503,"
      .. "date=Tue%2C%2015%20Nov%201994%2008:12:31%20GMT," .. later)
    assert.equal(10, err.retry_after)
    err = update("status=503,date=today," .. later)
    assert.equal(0, err.retry_after)
  end)
end)
