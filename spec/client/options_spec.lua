local truto = require "truto"

local HERE = "http://127.0.0.1:9"
local CERTIFICATE = require("support.server").shared().files.client

local function with(changes)
  local given = { base_url = HERE, token = "canary-token" }
  for key, value in pairs(changes or {}) do given[key] = value end
  return given
end

local function message_of(fn, ...)
  local ok, message = pcall(fn, ...)
  assert.is_false(ok)
  return message
end

describe("the options of truto.new", function()
  it("are read once and left as they are", function()
    local attempts, given = 0, with {
      max_attempts = 1, retry = true, validate = false,
      client_key_password = "canary-phrase", client_cert = CERTIFICATE,
    }
    given.driver = {
      attempt = function()
        attempts = attempts + 1
        return nil, { kind = "network", code = "connect_failed",
          message = "x", outcome = "not_sent" }, {}
      end,
      wait = function() return true end,
      now = os.clock,
      random = math.random,
    }
    local before = {}
    for name, value in pairs(given) do before[name] = value end
    local client = assert(truto.new(given))
    assert.same(before, given)
    given.max_attempts, given.validate = 5, true
    client.datastore.update("ds_1", { config = { canary = "x" } })
    assert.equal(1, attempts)
  end)

  it("are a table or nothing", function()
    local message = message_of(truto.new, "canary-token")
    assert.matches("options must be a table", message, 1, true)
    assert.is_nil(message:find("canary", 1, true))
  end)

  it("are known names; a slip gets a suggestion (A06)", function()
    for slip, meant in pairs {
      timeuot = "timeout", base_ulr = "base_url", tokn = "token",
      conect_timeout = "connect_timeout",
    } do
      local message = message_of(truto.new, with { [slip] = "canary-value" })
      assert.matches("'" .. slip .. "'", message, 1, true)
      assert.matches("did you mean '" .. meant .. "'", message, 1, true)
      assert.is_nil(message:find("canary", 1, true))
    end
  end)

  it("do not repeat a name that may be a secret (S09)", function()
    for _, name in ipairs { "sk_live_8f3Ax", ("a"):rep(40), "a-b" } do
      local message = message_of(truto.new, with { [name] = true })
      assert.is_nil(message:find(name, 1, true))
      assert.matches("unknown option", message, 1, true)
    end
    assert.is_nil(message_of(truto.new, { "canary-token" })
      :find("canary", 1, true))
  end)

  it("blame the caller's line", function()
    local message = message_of(function() truto.new { timeuot = 1 } end)
    assert.matches("options_spec", message, 1, true)
  end)

  local WRONG = {
    timeout = { 0, -1, 0 / 0, 1e300, math.huge, "10", true },
    connect_timeout = { 0, -0.5, 0 / 0, 86401, {} },
    token = { 5, true, {} },
    base_url = { 5, "", "https://a\nb" },
    ca_file = { 5, "", "a\0b" },
    proxy = { true, 5, "" },
    user_agent = { 5, "a\r\nX-Injected: 1" },
    max_response_bytes = { 0, -1, 1.5, 2 ^ 31, "1" },
    validate = { "yes", 1 },
  }
  for name, values in pairs(WRONG) do
    it("refuse what " .. name .. " cannot be (A04, H22)", function()
      for _, value in ipairs(values) do
        local message = message_of(truto.new, with { [name] = value })
        assert.matches("option '" .. name .. "' must be", message, 1, true)
      end
    end)
  end

  it("take half a second for what it is (A04)", function()
    local client = assert(truto.new(with { timeout = 0.5 }))
    client.close()
  end)
end)

describe("truto.new", function()
  it("refuses plain http but to loopback (T12)", function()
    for _, url in ipairs {
      "http://api.truto.one", "http://10.0.0.1", "http://127.evil.example",
      "http://localhost.evil.example", "HTTP://example.com",
    } do
      local client, err = truto.new(with { base_url = url })
      assert.is_nil(client)
      assert.equal("setup", err.kind)
      assert.equal("invalid_base_url", err.code)
      assert.matches("https", err.message, 1, true)
    end
    for _, url in ipairs {
      "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1/x/",
    } do
      assert(truto.new(with { base_url = url })).close()
    end
  end)

  it("refuses URLs that are no base", function()
    for _, url in ipairs {
      "api.truto.one", "ftp://api.truto.one", "https://",
      "https://user:canary@api.truto.one", "https://api.truto.one/?a=b",
      "https://api.truto.one/#top", "file:///etc/passwd", "not a url",
    } do
      local client, err = truto.new(with { base_url = url })
      assert.is_nil(client)
      assert.equal("invalid_base_url", err.code)
      assert.is_nil(err.message:find("canary", 1, true))
    end
  end)

  it("refuses proxies that are no URL, without showing them (N18, S09)",
    function()
      for _, url in ipairs {
        "http://corp:canary#pw@127.0.0.1:3128", "http://u:c@nary/w@host:1",
        "http://u:canary?x@host:1", "ftp://u:canary@host", "htp://canary:9",
        "http://u:canary@host:port", "http://u:canary pw@host:1", "://canary",
        "http://",
      } do
        local client, err = truto.new({ token = "t", proxy = url })
        assert.is_nil(client, url)
        assert.same({ "setup", "invalid_proxy" }, { err.kind, err.code })
        assert.matches("percent-encoded", err.message, 1, true)
        assert.is_nil(tostring(err):find("nary", 1, true))
      end
    end)

  it("takes proxies of every scheme that libcurl knows (N18)", function()
    for _, url in ipairs {
      "proxy.example:3128", "http://proxy.example", "https://proxy.example/",
      "socks4://10.0.0.1:1080", "socks4a://p:1", "SOCKS5h://p:1",
      "socks5://user:p%23w@[::1]:1080", "http://user@proxy:8080/",
    } do
      assert(truto.new({ token = "t", proxy = url })).close()
    end
  end)

  it("names a file that cannot be read (T08)", function()
    local empty = os.tmpname()
    for _, name in ipairs { "ca_file", "client_cert", "client_key" } do
      -- The last opens and cannot be read, not even by root.
      for _, path in ipairs {
        "/nonexistent/ca.pem", "/tmp", empty, "/proc/self/mem",
      } do
        local client, err = truto.new(with {
          client_cert = "LICENSE", [name] = path, -- a file like any other
        })
        assert.is_nil(client)
        assert.equal("setup", err.kind)
        assert.equal(name .. "_unreadable", err.code)
        assert.matches(path, err.message, 1, true)
      end
    end
    os.remove(empty)
  end)

  it("gives a client with a locked metatable (A15)", function()
    local client = assert(truto.new(with()))
    assert.equal("truto.client", getmetatable(client))
    assert.equal("truto.client", tostring(client))
    client.close()
  end)

  it("closes twice, and says closed when used after (A02)", function()
    local client = assert(truto.new(with()))
    client.close()
    client.close()
    assert.matches("closed",
      message_of(client.datastore.update, "x", { label = "y" }), 1, true)
  end)
end)

describe("datastore.update", function()
  local client
  setup(function() client = assert(truto.new(with())) end)
  teardown(function() client.close() end)

  it("raises for a colon, with what to write (A01)", function()
    for _, module in ipairs { client, truto } do
      assert.matches("with a dot", message_of(function()
        module.datastore:update("x", { label = "y" })
      end), 1, true)
    end
  end)

  it("raises for arguments of the wrong type (A01, H21)", function()
    local update = client.datastore.update
    for _, arguments in ipairs {
      { nil, {} }, { 5, {} }, { truto.secret "canary", {} }, { {}, {} },
      { "x" }, { "x", "label" }, { "x", {}, 5 },
    } do
      local message = message_of(update, arguments[1], arguments[2],
        arguments[3])
      assert.matches("must be a", message, 1, true)
    end
  end)

  it("raises for an unknown option and names the known ones", function()
    assert.matches("did you mean 'timeout'",
      message_of(client.datastore.update, "x", { label = "y" },
        { timeot = 1 }), 1, true)
  end)

  it("refuses ids that are no path segment (H20, H21)", function()
    for _, id in ipairs { "", ".", "..", "a\0b", ("x"):rep(1025) } do
      local datastore, err, meta =
        client.datastore.update(id, { label = "y" })
      assert.is_nil(datastore)
      assert.equal("validation", err.kind)
      assert.equal("invalid_id", err.code)
      assert.equal("not_sent", err.outcome)
      assert.equal(0, meta.attempts)
    end
  end)
end)
