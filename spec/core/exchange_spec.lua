local drivers = require "support.driver"
local exchange = require "support.exchange"
local vm = require "support.vm"

local server = exchange.server
local quote = require "support.curl".quote
local ONE = { max_attempts = 1 }

local function one_request()
  assert.equal(1, #server:log())
end

-- `kind`, `code`, `outcome` of the error of one update.
local function fails(fault, changes)
  server:reset()
  local datastore, err, meta = exchange.update(fault, changes or ONE)
  assert.is_nil(datastore)
  assert.is_table(err)
  assert.equal(1, meta.attempts)
  assert.is_nil(tostring(err):find(exchange.TOKEN, 1, true))
  return err
end

local function is(kind, code, outcome, err)
  assert.same({ kind, code, outcome }, { err.kind, err.code, err.outcome },
    err.message)
end

before_each(function() server:reset() end)

describe("redirects are not followed (H01-H03)", function()
  for _, status in ipairs { 301, 302, 303, 307, 308 } do
    for _, target in ipairs { "same", "other", "http", "file" } do
      it(status .. " to " .. target, function()
        local err = fails(("redirect=%d,to=%s"):format(status, target))
        is("api", "redirect", "rejected", err)
        assert.equal(status, err.status)
        assert.matches("not followed", err.message, 1, true)
        one_request()
      end)
    end
  end
end)

describe("a kept connection that dies (N09)", function()
  for _, listener in ipairs { "https", "http" } do
    for _, fault in ipairs { "reuse-close", "reuse-reset" } do
      it("makes one request at the server: " .. fault .. " " .. listener,
        function()
          local client = exchange.client(fault, {
            max_attempts = 1, listener = listener,
          })
          assert(client.datastore.update("ds_1", { label = "x" }))
          server:reset()
          local datastore, err =
            client.datastore.update("ds_1", { label = "y" })
          assert.is_nil(datastore)
          is("network", "connection_lost", "unknown", err)
          one_request()
          assert(client.datastore.update("ds_1", { label = "z" }))
          assert.equal(2, #server:log())
          client.close()
        end)
    end
  end

  for _, fault in ipairs { "idle-close", "idle-reset" } do
    it("while idle is noticed before anything is sent: " .. fault, function()
      local client = exchange.client(fault, ONE)
      assert(client.datastore.update("ds_1", { label = "x" }))
      local connection = server:wait_for("request").connection
      server:wait_for(function(entry)
        return entry.event == "ended" and entry.connection == connection
      end)
      assert(client.datastore.update("ds_1", { label = "y" }))
      assert.equal(2, #server:log())
      client.close()
    end)
  end
end)

describe("a connection", function()
  it("that is refused (N01)", function()
    is("network", "connection_refused", "not_sent",
      fails(nil, { max_attempts = 1, listener = "refused" }))
  end)

  it("that hangs ends at connect_timeout (N02)", function()
    is("timeout", "connect_timeout", "not_sent", fails(nil, {
      max_attempts = 1, listener = "backlog_full", connect_timeout = 0.2,
    }))
  end)

  it("that hangs at the second address of a name, too (N02)", function()
    -- The first one, where a machine has IPv6, refuses.
    local url = server:url("backlog_full"):gsub("127%.0%.0%.1", "localhost")
    is("timeout", "connect_timeout", "not_sent", fails(nil, {
      max_attempts = 1, base_url = url, connect_timeout = 0.2,
    }))
  end)

  it("to a name that does not resolve (N03)", function()
    is("network", "dns_failure", "not_sent", fails(nil, {
      max_attempts = 1, base_url = "https://no-such-host.invalid",
    }))
  end)

  it("that ends before the request is read (N06)", function()
    local err = fails(nil, {
      max_attempts = 1, listener = "https_reset_before_read",
    })
    assert.equal("network", err.kind)
    assert.equal("unknown", err.outcome)
  end)

  it("on which sending failed is not used again", function()
    local large = { label = ("x"):rep(3 * 2 ^ 20) }
    for _ = 1, 5 do
      local client = exchange.client(nil, {
        max_attempts = 1, listener = "turning",
      })
      server:command "turn turning https_reset_before_read"
      local datastore, err = client.datastore.update("ds_1", large)
      assert.is_nil(datastore)
      is("network", "connection_lost", "unknown", err)
      server:command "turn turning https"
      assert(client.datastore.update("ds_1", { label = "x" }))
      client.close()
    end
    assert.equal(5, #server:log())
  end)

  it("that ends without an answer (N07, N08)", function()
    for _, fault in ipairs { "close-after-read", "reset-after-read" } do
      is("network", "connection_lost", "unknown", fails(fault))
      one_request()
    end
  end)

  it("that never answers ends at the timeout (N12)", function()
    is("timeout", "timeout", "unknown",
      fails("silent", { max_attempts = 1, timeout = 0.2 }))
    one_request()
  end)

  it("that stalls in the answer ends at the timeout", function()
    for _, fault in ipairs { "stall-head", "stall-body" } do
      is("timeout", "timeout", "unknown",
        fails(fault, { max_attempts = 1, timeout = 0.2 }))
    end
  end)
end)

describe("an answer", function()
  it("shorter than announced is no table (N14)", function()
    for _, fault in ipairs { "short-body", "short-body-reset",
      "short-chunk" } do
      is("response", "truncated", "unknown", fails(fault))
    end
  end)

  it("of 100 MB in chunks stops at the limit (H14)", function()
    local err = fails "chunked-huge,size=100000000"
    is("response", "body_too_large", "unknown", err)
    assert.equal(200, err.status)
    local written = server:wait_for(function(entry)
      return entry.event == "written"
    end)
    assert.is_true(written.bytes < 20e6, written.bytes)
  end)

  it("of as much as max_response_bytes still passes", function()
    local datastore = exchange.update("ok", { max_response_bytes = 4096 })
    assert.is_table(datastore)
    is("response", "body_too_large", "unknown",
      fails("ok", { max_attempts = 1, max_response_bytes = 16 }))
  end)

  it("that is compressed unasked is not inflated (H15)", function()
    local err = fails "gzip-bomb"
    assert.equal("response", err.kind)
    assert.equal("unknown", err.outcome)
  end)

  it("with too many headers is refused (H16)", function()
    for _, fault in ipairs { "many-headers,count=10000",
      "big-headers,size=3000000", "long-header,size=200000" } do
      is("response", "headers_too_large", "unknown", fails(fault))
    end
  end)

  it("with more than 256 lines of headers is refused (H16)", function()
    assert(exchange.update "many-headers,count=200")
    is("response", "headers_too_large", "unknown",
      fails "many-headers,count=300")
  end)

  it("with informational answers before it passes", function()
    assert(exchange.update "informational,count=3")
    assert(exchange.update "continue-unasked")
  end)

  it("in HTTP/1.0 or until the connection closes passes", function()
    assert(exchange.update "http10")
    assert(exchange.update "until-close")
  end)

  it("that is no HTTP is told as such", function()
    for _, fault in ipairs { "garbage-status-line", "http09",
      "nothing-but-newlines", "bad-version", "status-line-only" } do
      local err = fails(fault)
      assert.is_true(err.kind == "response" or err.kind == "network",
        fault .. ": " .. err.kind)
      assert.equal("unknown", err.outcome)
    end
  end)

  it("with bad chunks is refused", function()
    for _, fault in ipairs { "bad-chunk", "huge-chunk" } do
      local err = fails(fault, { max_attempts = 1, timeout = 2 })
      assert.equal("unknown", err.outcome)
    end
  end)

  it("that switches protocols is refused", function()
    assert.equal("unknown",
      fails("switching", { max_attempts = 1, timeout = 1 }).outcome)
  end)
end)

describe("a request is written once and whole (H13)", function()
  it("without Expect, also when it is large", function()
    local client = exchange.client("record", { max_response_bytes = 2 ^ 23 })
    assert(client.datastore.update("ds_1", { label = ("x"):rep(3 * 2 ^ 20) }))
    client.close()
    local entry = server:log()[1]
    assert.is_nil(entry:header "expect")
    assert.is_true(entry.body_bytes > 3 * 2 ^ 20)
  end)
end)

describe("proxy variables (N18)", function()
  -- One update in a child process with these variables.
  local function child(variables, base_url)
    local code = [[
      local client = assert(require "truto".new { max_attempts = 1,
        driver = ]] .. drivers.code() .. [[ })
      local datastore, err = client.datastore.update("ds_1", { label = "x" })
      print(datastore and "updated" or err.kind .. " " .. err.code .. " "
        .. err.outcome)]]
    local pipe = assert(io.popen(("env -u no_proxy -u NO_PROXY "
      .. "%s TRUTO_API_TOKEN=%s TRUTO_CA_FILE=%s TRUTO_BASE_URL=%s %s "
      .. "-e %s 2>&1"):format(variables, exchange.TOKEN, server.ca_file,
      base_url, vm.command, quote(code))))
    local output = pipe:read "*a"
    pipe:close()
    return output
  end

  local function bytes_at_recorder()
    local all = {}
    for _, entry in ipairs(server:events()) do
      if entry.listener == "recorder" then all[#all + 1] = entry end
    end
    return all
  end

  it("http_proxy and ALL_PROXY get nothing", function()
    local recorder = server:url("recorder"):match "^%w+://[^/]+"
    for _, name in ipairs { "http_proxy", "HTTP_PROXY", "ALL_PROXY",
      "all_proxy" } do
      for _, listener in ipairs { "https", "http" } do
        assert.equal("updated\n", child(name .. "=" .. recorder,
          server:url(listener, "record")))
      end
    end
    assert.equal("updated\n", child("HTTPS_PROXY=" .. recorder,
      server:url("http", "record")))
    assert.same({}, bytes_at_recorder())
  end)

  it("HTTPS_PROXY gets a CONNECT without the token (N19)", function()
    local proxy = server:url("proxy"):match "^%w+://[^/]+"
    for _, name in ipairs { "HTTPS_PROXY", "https_proxy" } do
      server:reset()
      assert.equal("updated\n", child(name .. "=" .. proxy,
        server:url("https", "record")))
      local seen = server:wait_for(function(entry)
        return entry.event == "proxy"
      end)
      assert.matches("^CONNECT ", seen.raw)
      assert.is_nil(seen.raw:find(exchange.TOKEN, 1, true))
      assert.is_nil(seen.raw:lower():find("authorization", 1, true))
    end
  end)

  it("NO_PROXY names hosts that go without", function()
    local recorder = server:url("recorder"):match "^%w+://[^/]+"
    assert.equal("updated\n", child(
      "HTTPS_PROXY=" .. recorder .. " NO_PROXY=localhost",
      server:url("https", "record")))
    assert.same({}, bytes_at_recorder())
  end)

  it("a proxy that refuses is a network error, not sent (N19)", function()
    for _, listener in ipairs { "proxy_407", "proxy_502" } do
      local proxy = server:url(listener):match "^%w+://[^/]+"
      -- The second name has an address that refuses to be connected to.
      for _, name in ipairs { "127.0.0.1", "localhost" } do
        assert.equal("network proxy_failed not_sent\n",
          child("HTTPS_PROXY=" .. proxy:gsub("127%.0%.0%.1", name),
            server:url("https", "record")))
      end
    end
    assert.same({}, server:log())
  end)
end)

describe("HTTP/2 (H19)", function()
  -- GOAWAY and REFUSED_STREAM can only come over HTTP/2, where libcurl would
  -- send a request again by itself.
  it("is not spoken, also where the server prefers it", function()
    assert(exchange.update("record", { listener = "offers_http2" }))
    local entry = server:log()[1]
    assert.equal("HTTP/1.1", entry.http_version)
    assert.not_equal("h2", entry.alpn)
  end)
end)
