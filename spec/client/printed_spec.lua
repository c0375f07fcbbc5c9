-- What a person reads when a call fails.

local driver = require "support.driver"
local errors = require "truto.errors"
local exchange = require "support.exchange"
local truto = require "truto"
local vm = require "support.vm"

local server = exchange.server

-- The output of a program of its own, both streams.
local function run(code, environment)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local pipe = assert(io.popen(("env %s %s %s 2>&1"):format(environment or "",
    vm.command, path)))
  local output = pipe:read "*a"
  pipe:close()
  os.remove(path)
  return (output:gsub(path:gsub("%p", "%%%0"), "script.lua"))
end

before_each(function() server:reset() end)

describe("a printed error", function()
  local function line_of(script, options)
    local _, _, err = driver.update(script, options)
    return tostring(err)
  end

  it("says how often it was tried, and how long", function()
    assert.equal("truto: http_503: no (HTTP 503, "
      .. "https://127.0.0.1:9/datastore/ds_1, 3 attempts in 0.8 s)",
      line_of { driver.api(503) })
  end)

  it("says neither of one attempt", function()
    assert.equal("truto: http_404: no (HTTP 404, "
      .. "https://127.0.0.1:9/datastore/ds_1)", line_of { driver.api(404) })
  end)

  it("tells on_retry's listener how far it is", function()
    local lines = {}
    driver.update({ driver.api(503) }, { max_attempts = 3,
      on_retry = function(event) lines[#lines + 1] = tostring(event.err) end })
    assert.is_nil(lines[1]:find("attempts", 1, true))
    assert.matches("2 attempts in 0.%d s%)$", lines[2])
  end)

  it("has the id of the request that support asks for", function()
    for header, id in pairs {
      ["x-request-id"] = "4f1c-9a/b.c", ["cf-ray"] = "8c1a2b3c4d5e6f70-FRA",
    } do
      local _, err = exchange.update("status=404," .. header .. "="
        .. id:gsub("/", "%%2F"))
      assert.equal(id, err.request_id)
      assert.matches(", request id " .. id .. ")", tostring(err), 1, true)
    end
  end)

  it("prefers the service's own id to that of its network", function()
    local _, err = exchange.update "status=404,cf-ray=ray,x-request-id=own"
    assert.equal("own", err.request_id)
  end)

  it("has no id that looks like something else", function()
    for _, value in ipairs { "two words", "<b>", ("x"):rep(129), "" } do
      local _, err = exchange.update("status=404,x-request-id="
        .. value:gsub("[^%w]", function(byte)
          return ("%%%02X"):format(byte:byte())
        end))
      assert.is_nil(err.request_id)
      assert.is_nil(tostring(err):find("request id", 1, true))
    end
  end)

  it("has no secret for an id", function()
    local _, err = exchange.update("status=404,x-request-id="
      .. exchange.TOKEN)
    assert.is_nil(tostring(err):find(exchange.TOKEN, 1, true))
  end)

  it("is one line, whatever stands in it", function()
    local err = errors.new { kind = "api", code = "x", message = "a\nb\0c",
      url = "https://h/\27[31m", attempts = 2, elapsed = 1.5 }
    assert.equal("truto: x: a?b?c (https://h/?[31m, 2 attempts in 1.5 s)",
      tostring(err))
  end)
end)

describe("outside nginx", function()
  it("no error speaks of nginx", function()
    for _, code in ipairs {
      "print(select(2, truto.datastore.update('ds_1', { label = 'x' })))",
      "print(select(2, truto.secret.env('TRUTO_SPEC_UNSET'):reveal()))",
    } do
      local output = run("local truto = require 'truto'\n" .. code,
        "-u TRUTO_API_TOKEN -u TRUTO_API_TOKEN_FILE")
      assert.matches("^truto: %l+_%l+: .*TRUTO_", output)
      assert.matches("missing", output, 1, true)
      assert.is_nil(output:find("nginx", 1, true))
    end
  end)
end)

describe("a wrong argument of truto.secret", function()
  local WRONG = {
    [""] = { "nil", "{}", "7", "truto.secret 'canary-1'" },
    [".env"] = { "nil", "''", "7", "'canary-1\\0'" },
    [".file"] = { "nil", "''", "{}", "'canary-1\\0'" },
    [".fd"] = { "nil", "-1", "0.5", "'canary-1'", "1e9" },
    [".call"] = { "nil", "'canary-1'", "{}" },
    [".prompt"] = { "7", "{}" },
    [".verbatim"] = { "nil", "7", "{}" },
  }

  for name, values in pairs(WRONG) do
    it("blames the caller's line, truto.secret" .. name, function()
      local lines = { "local truto = require 'truto'" }
      for _, value in ipairs(values) do
        lines[#lines + 1] = ("print(select(2, pcall(function() "
          .. "local made = truto.secret%s(%s) return made end)))")
          :format(name, value)
      end
      local number = 1
      local output = run(table.concat(lines, "\n"))
      for line in output:gmatch "[^\n]+" do
        number = number + 1
        local expected = ("script.lua:%d: truto.secret%s: "):format(number,
          name)
        assert.equal(expected, line:sub(1, #expected))
        assert.matches(" is expected, not ", line, 1, true)
      end
      assert.equal(#values + 1, number)
      assert.is_nil(output:find("canary", 1, true))
    end)
  end
end)

describe("the reason that a function returns", function()
  -- The line of an update whose token, or whose secret, a function gives.
  local function lines_of(fn)
    local function update(options, config_secret)
      options.base_url = "http://127.0.0.1:9"
      options.driver = driver.scripted { driver.FOUND }
      local client = truto.new(options)
      local _, err = client.datastore.update("ds_1",
        { label = "x", config_secret = config_secret })
      return tostring(err)
    end
    return {
      update({ token = fn }),
      update({ token = truto.secret.call(fn) }),
      update({ token = "t" }, truto.secret.call(fn)),
    }
  end

  it("for having no secret is shown", function()
    for _, line in ipairs(lines_of(function()
      return nil, "vault sealed"
    end)) do
      assert.matches("returned no string[%l ]*: vault sealed", line)
    end
  end)

  it("is shown if it is an error of truto", function()
    for _, line in ipairs(lines_of(function()
      return truto.secret.env "TRUTO_SPEC_UNSET":reveal()
    end)) do
      assert.matches("truto: secret_missing: the environment variable "
        .. "TRUTO_SPEC_UNSET is not set", line, 1, true)
    end
  end)

  it("is shown as one short line", function()
    for _, line in ipairs(lines_of(function()
      return nil, "a\nb" .. ("x"):rep(5000)
    end)) do
      assert.matches(": a?bxxx", line, 1, true)
      assert.is_true(#line < 500)
    end
  end)

  it("is not shown if it is anything else", function()
    for _, line in ipairs(lines_of(function()
      return nil, setmetatable({}, { __tostring = function()
        return "canary-2"
      end })
    end)) do
      assert.matches("returned no string", line, 1, true)
      assert.is_nil(line:find("canary", 1, true))
    end
  end)

  it("is not shown beside a value, nor is what it raises", function()
    for _, fn in ipairs {
      function() return {}, "canary-3" end,
      function() error "canary-3" end,
    } do
      for _, line in ipairs(lines_of(fn)) do
        assert.is_truthy(line:find "returned no string"
          or line:find "raised an error", line)
        assert.is_nil(line:find("canary", 1, true))
      end
    end
  end)
end)

describe("TRUTO_LOG", function()
  local CODE = [[
local truto = require "truto"
for _ = 1, 2 do truto.new { token = "t", base_url = "http://127.0.0.1:1" } end
print "done"]]

  it("with a value that means nothing says once what has one", function()
    local output = run(CODE, "TRUTO_LOG=info")
    local _, count = output:gsub("\n", "")
    assert.equal(2, count)
    assert.matches("truto: TRUTO_LOG has a value that means nothing: give it "
      .. "`debug`", output, 1, true)
  end)

  it("is quiet where it is not set, empty, or debug", function()
    for _, setting in ipairs { "-u TRUTO_LOG", "TRUTO_LOG=",
      "TRUTO_LOG=debug" } do
      assert.equal("done\n", run(CODE, setting))
    end
  end)
end)

describe("an event of the log", function()
  it("is a line for whoever prints it", function()
    local lines = {}
    driver.update({ driver.api(503), driver.FOUND }, { log = function(event)
      lines[#lines + 1] = tostring(event)
    end })
    assert.matches("^truto: request PATCH /datastore/%S+ attempt=1$", lines[1])
    assert.matches("^truto: retry PATCH /datastore/ds_1 attempt=1 status=503",
      lines[3])
  end)
end)

describe("a certificate that is not accepted", function()
  local HINT = "name the file of an authority to trust by ca_file, or "
    .. "TRUTO_CA_FILE"

  it("comes with the remedy where its authority is not known", function()
    local _, err = exchange.update(nil, { ca_file = server.files.other_ca })
    assert.equal("certificate_invalid", err.code)
    assert.matches(HINT, tostring(err), 1, true)
  end)

  it("comes without it where another authority would not help", function()
    for _, listener in ipairs { "expired", "wrong_host" } do
      local _, err = exchange.update(nil, { listener = listener })
      assert.equal("certificate_invalid", err.code)
      assert.is_nil(tostring(err):find(HINT, 1, true))
    end
  end)
end)

describe("a proxy", function()
  it("that refuses the connection is named as the proxy", function()
    for _, scheme in ipairs { "http", "socks5" } do
      local _, err = exchange.update(nil, { proxy = scheme
        .. "://127.0.0.1:1" })
      assert.same({ "network", "proxy_failed", "not_sent" },
        { err.kind, err.code, err.outcome })
      assert.matches("the proxy cannot be reached: ", err.message, 1, true)
      assert.matches("check the option proxy, else HTTPS_PROXY", err.message,
        1, true)
    end
  end)

  it("is not blamed where there is none", function()
    local _, err = exchange.update(nil, { proxy = false,
      base_url = "https://127.0.0.1:1" })
    assert.equal("connection_refused", err.code)
  end)
end)
