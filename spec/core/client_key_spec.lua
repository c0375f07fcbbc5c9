-- A client's key that has a pass phrase: nothing ever asks for it.

local drivers = require "support.driver"
local exchange = require "support.exchange"
local truto = require "truto"
local vm = require "support.vm"

local server = exchange.server
local files = server.files
local PASS_PHRASE = "canary-pass-phrase"

local ENCRYPTED = {
  ["PKCS #8"] = { client_cert = files.client, client_key = files.key_pkcs8 },
  ["the traditional form"] = {
    client_cert = files.client, client_key = files.key_traditional,
  },
  ["the certificate's file"] = { client_cert = files.client_and_key },
}

local function options(given, more)
  local all = {
    token = "x", ca_file = server.ca_file, max_attempts = 1,
    base_url = server:url("client_cert", "record"),
  }
  for _, each in ipairs { given, more or {} } do
    for name, value in pairs(each) do all[name] = value end
  end
  return all
end

local function copy_of(path)
  local copy = os.tmpname()
  assert(os.execute(("cp %s %s"):format(path, copy)))
  return copy
end

describe("an encrypted key of the client (T15)", function()
  for name, given in pairs(ENCRYPTED) do
    local file = given.client_key or given.client_cert

    it("in " .. name .. " is an error of truto.new that names it", function()
      local client, err = truto.new(options(given))
      assert.is_nil(client)
      assert.same({ "setup", "client_key_encrypted", "not_sent" },
        { err.kind, err.code, err.outcome })
      assert.matches(file, err.message, 1, true)
      assert.matches("client_key_password", err.message, 1, true)
    end)

    for kind, password in pairs {
      string = function() return PASS_PHRASE end,
      secret = function() return truto.secret(PASS_PHRASE) end,
      ["function's secret"] = function()
        return truto.secret.call(function() return PASS_PHRASE end)
      end,
    } do
      it("in " .. name .. " is opened by a " .. kind, function()
        server:reset()
        local client = exchange.client("record", options(given,
          { listener = "client_cert", client_key_password = password() }))
        assert(client.datastore.update("ds_1", { label = "x" }))
        client.close()
        assert.equal(1, #server:log())
      end)
    end

    it("in " .. name .. " is not opened by another pass phrase", function()
      server:reset()
      local _, err = exchange.update("record", options(given,
        { listener = "client_cert", client_key_password = "canary-wrong" }))
      assert.same({ "setup", "client_key_encrypted", "not_sent" },
        { err.kind, err.code, err.outcome })
      assert.matches(file, err.message, 1, true)
      assert.is_nil(tostring(err):find("canary", 1, true))
      assert.same({}, server:log())
    end)
  end

  it("is noticed when it is encrypted later", function()
    local key = copy_of(files.key)
    local client = exchange.client("record", {
      listener = "client_cert", client_cert = files.client, client_key = key,
      max_attempts = 1,
    })
    os.execute(("cp %s %s"):format(files.key_pkcs8, key))
    local _, err = client.datastore.update("ds_1", { label = "x" })
    client.close()
    os.remove(key)
    assert.equal("client_key_encrypted", err.code)
    assert.matches(key, err.message, 1, true)
  end)

  it("gets the pass phrase of the moment", function()
    local path = os.tmpname()
    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write(text)
      file:close()
    end
    write "canary-wrong"
    local client = exchange.client("until-close", {
      listener = "client_cert", client_cert = files.client,
      client_key = files.key_pkcs8, max_attempts = 1,
      client_key_password = truto.secret.file(path),
    })
    local _, err = client.datastore.update("ds_1", { label = "x" })
    assert.equal("client_key_encrypted", err.code)
    client.close()
    write(PASS_PHRASE)
    client = exchange.client("record", {
      listener = "client_cert", client_cert = files.client,
      client_key = files.key_pkcs8, max_attempts = 1,
      client_key_password = truto.secret.file(path),
    })
    assert(client.datastore.update("ds_1", { label = "x" }))
    client.close()
    os.remove(path)
  end)
end)

describe("the options of a client's key", function()
  local function raises(given)
    local raised, message = pcall(truto.new, given)
    assert.is_false(raised)
    return message
  end

  it("need a certificate", function()
    assert.matches("'client_key' needs 'client_cert'",
      raises { client_key = files.key }, 1, true)
    assert.matches("'client_key_password' needs 'client_cert'",
      raises { client_key_password = PASS_PHRASE }, 1, true)
  end)

  it("say what an empty one is", function()
    for _, name in ipairs { "ca_file", "client_cert", "client_key",
      "client_key_password" } do
      local message = raises { client_cert = files.client, [name] = "" }
      assert.matches("'" .. name .. "'", message, 1, true)
      assert.matches("empty string", message, 1, true)
    end
  end)
end)

-- What a child does that has a key which is encrypted later, so that only the
-- TLS library can notice, and what it leaves of its input.
local CODE = [[
  local truto = require "truto"
  local client = assert(truto.new {
    token = "x", ca_file = %q, base_url = %q, client_cert = %q,
    client_key = %q, max_attempts = 1, driver = %s,
  })
  os.execute "cp %s %s"
  local _, err = client.datastore.update("ds_1", { label = "x" })
  print(err.code, "input: " .. tostring(io.read()))
]]

for _, kind in ipairs { "blocking", "background" } do
  describe(kind .. ": an encrypted key of the client (T15)", function()
    local function child(command)
      local key, path = copy_of(files.key), os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(CODE:format(server.ca_file,
        server:url("client_cert", "record"), files.client, key,
        drivers.code(kind), files.key_pkcs8, key))
      file:close()
      local pipe = assert(io.popen(command:format(vm.command .. " " .. path)
        .. " 2>&1"))
      local output = pipe:read "*a"
      pipe:close()
      os.remove(path)
      os.remove(key)
      return output
    end

    local EXPECTED = "client_key_encrypted\tinput: typed"

    it("does not ask in a terminal", function()
      local output = child "python3 -B spec/support/terminal.py typed %s"
      assert.matches(EXPECTED, output, 1, true)
      assert.is_nil(output:lower():find("pass phrase", 1, true), output)
    end)

    it("does not eat what comes through a pipe", function()
      assert.equal(EXPECTED .. "\n", child "echo typed | setsid %s")
    end)
  end)
end
