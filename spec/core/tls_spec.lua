local exchange = require "support.exchange"
local process = require "process"
local vm = require "support.vm"

local server = exchange.server
local has_openssl = process.libcurl_tls():find("OpenSSL", 1, true) ~= nil

local function fails(changes)
  server:reset()
  changes.max_attempts = 1
  local datastore, err, meta = exchange.update("record", changes)
  assert.is_nil(datastore)
  assert.equal("not_sent", err.outcome, err.message)
  assert.equal(1, meta.attempts)
  assert.same({}, server:log())
  return err
end

describe("a server's certificate", function()
  it("for another host is refused (T01)", function()
    local err = fails { listener = "wrong_host" }
    assert.equal("tls", err.kind)
    assert.equal("certificate_invalid", err.code)
    assert.matches("localhost", err.message, 1, true)
  end)

  it("that has expired is refused (T02)", function()
    local err = fails { listener = "expired" }
    assert.equal("certificate_invalid", err.code)
    assert.matches("expired", err.message, 1, true)
  end)

  it("of an unknown authority is refused (T03)", function()
    local err = fails { listener = "unknown_ca" }
    assert.equal("certificate_invalid", err.code)
    -- As OpenSSL and as GnuTLS say it.
    assert.is_truthy(err.message:find "issuer" or err.message:find "signer")
  end)

  it("with the name only in CN is refused (T04)", function()
    if not has_openssl then
      pending "only OpenSSL tells libcurl the alternative names"
      return
    end
    assert.equal("certificate_invalid", fails({ listener = "cn_only" }).code)
  end)

  it("is checked against ca_file alone", function()
    assert.equal("certificate_invalid",
      fails({ ca_file = server.files.other_ca }).code)
  end)

  it("is seen anew by new connections (T14)", function()
    local client = exchange.client("record", { listener = "rotating" })
    assert(client.datastore.update("ds_1", { label = "x" }))
    client.close()
    server:command "certificate rotating expired"
    assert.equal("certificate_invalid", fails({ listener = "rotating" }).code)
    server:command "certificate rotating renewed"
    assert(exchange.update("record", { listener = "rotating" }))
  end)
end)

describe("a TLS handshake", function()
  it("with TLS 1.1 at most is refused (T05)", function()
    assert.equal("tls", fails({ listener = "tls11" }).kind)
  end)

  it("with TLS 1.2 passes", function()
    assert(exchange.update("record", { listener = "tls12" }))
  end)

  it("that stalls ends at the timeout (T10)", function()
    local err = fails { listener = "stalled_handshake", connect_timeout = 0.2 }
    assert.equal("timeout", err.kind)
    assert.equal("connect_timeout", err.code)
  end)

  it("that is answered in plain text, reset or closed fails", function()
    for _, listener in ipairs { "plain_answer", "reset_handshake",
      "close_handshake" } do
      local err = fails { listener = listener }
      assert.is_true(err.kind == "tls" or err.kind == "network", err.kind)
    end
  end)

  it("gives the client's certificate where asked", function()
    assert(exchange.update("record", {
      listener = "client_cert", client_cert = server.files.client,
      client_key = server.files.key,
    }))
  end)
end)

describe("a CA file that is no CA file (T08)", function()
  it("or no longer there, is a setup error that names it", function()
    local path = os.tmpname()
    os.execute(("cp %s %s"):format(server.ca_file, path))
    server:reset()
    local client =
      exchange.client("record", { ca_file = path, max_attempts = 1 })
    os.remove(path)
    local _, err, meta = client.datastore.update("ds_1", { label = "x" })
    assert.same({ "setup", "ca_unusable", "not_sent", 1 },
      { err.kind, err.code, err.outcome, meta.attempts })
    assert.matches(path, err.message, 1, true)
    assert.same({}, server:log())
    os.execute(("cp %s %s"):format(server.ca_file, path))
    assert(client.datastore.update("ds_1", { label = "x" }))
    client.close()
    os.remove(path)
  end)

  it("is a setup error that names it", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write "no certificate\n"
    file:close()
    local err = fails { ca_file = path }
    os.remove(path)
    -- GnuTLS takes it for a list of no authorities.
    assert.same(has_openssl and { "setup", "ca_unusable" }
      or { "tls", "certificate_invalid" }, { err.kind, err.code })
    assert.matches(path, err.message, 1, true)
  end)
end)

describe("a libcurl with NSS", function()
  it("is refused in words", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[
      local client, err = require("truto").new { token = "x" }
      print(client, err.kind, err.code, err.message)]]
    file:close()
    local pipe = assert(io.popen(("LD_PRELOAD=%s/nss.so %s %s 2>&1"):format(
      vm.build, vm.command, path)))
    local output = pipe:read "*a"
    pipe:close()
    os.remove(path)
    assert.matches("nil\tsetup\tlibcurl_unsuitable\t", output, 1, true)
    assert.matches("OpenSSL or GnuTLS", output, 1, true)
  end)
end)

describe("an https proxy (T18)", function()
  local function through(proxy, changes)
    changes.proxy = server.urls[proxy]
    return changes
  end

  it("of an authority in ca_file is used", function()
    server:reset()
    assert(exchange.update("record", through("https_proxy", {})))
    assert.equal(1, #server:log())
    local head = server:wait_for "proxy"
    assert.is_nil(head.raw:lower():find("authorization", 1, true))
  end)

  it("of another authority is refused, and named", function()
    local err = fails(through("https_proxy_unknown", {}))
    assert.same({ "tls", "certificate_invalid" }, { err.kind, err.code })
    assert.matches("the proxy's certificate", err.message, 1, true)
  end)

  it("before a server of another authority leaves the blame to that",
    function()
      local err = fails(through("https_proxy", { listener = "unknown_ca" }))
      -- Within the proxy's TLS, libcurl 7.88 loses what OpenSSL said of the
      -- certificate, and calls it a failed handshake.
      assert.equal("tls", err.kind)
      assert.is_nil(err.message:find("proxy", 1, true))
    end)

  it("that speaks no TLS is named", function()
    local err = fails { proxy = server.urls.plain_answer }
    assert.equal("handshake_failed", err.code)
    assert.matches("proxy", err.message, 1, true)
  end)

  it("that refuses to connect is no matter of TLS", function()
    local err = fails(through("https_proxy_refuses", {}))
    assert.same({ "network", "proxy_failed" }, { err.kind, err.code })
  end)
end)
