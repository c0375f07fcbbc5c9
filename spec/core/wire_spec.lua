local cjson = require "cjson"
local exchange = require "support.exchange"
local truto = require "truto"
local vm = require "support.vm"

local function shell(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local server = exchange.server

-- The body that arrives for a config sent as given.
local function body_of(config)
  server:reset()
  local client = exchange.client "record"
  local datastore, err =
    client.datastore.update("ds_1", { config = config }, { validate = false })
  client.close()
  assert(datastore, err)
  return server:log()[1].body:match '^{"config":(.*)}$'
end

local function refusal_of(config)
  server:reset()
  local client = exchange.client "record"
  local datastore, err =
    client.datastore.update("ds_1", { config = config }, { validate = false })
  client.close()
  assert.is_nil(datastore)
  assert.equal("validation", err.kind)
  assert.equal("not_sent", err.outcome)
  assert.same({}, server:log())
  return err
end

local function nested(depth)
  local value = "leaf"
  for _ = 1, depth do value = { a = value } end
  return value
end

describe("a request on the wire", function()
  it("is what the reference page's curl command sends", function()
    local function header_names(entry, ignored)
      local found = {}
      for _, pair in ipairs(entry.headers) do
        local name = pair[1]:lower()
        if not ignored[name] then found[name] = pair[2] end
      end
      return found
    end
    local function with_curl(url)
      local command = [[curl -sS --cacert ']] .. server.ca_file
        .. [[' -X PATCH ']] .. url .. [[/datastore/ds_1' \
        -H 'Authorization: Bearer ]] .. exchange.TOKEN .. [[' \
        -H 'Content-Type: application/json' \
        -d '{
        "label": "your_label",
        "config_secret": "your_config_secret"
      }' -o /dev/null; echo $?]]
      local pipe = assert(io.popen(command))
      local output = pipe:read "*a"
      pipe:close()
      assert.equal("0\n", output)
    end
    server:reset()
    with_curl(server:url("https", "record"))
    local client = exchange.client "record"
    assert(client.datastore.update("ds_1", {
      label = "your_label", config_secret = "your_config_secret",
    }))
    client.close()
    local page, own = server:log()[1], server:log()[2]
    assert.equal(page.method, own.method)
    assert.equal("PATCH", own.method)
    assert.equal(page.path, own.path)
    assert.same(cjson.decode(page.body), cjson.decode(own.body))
    -- In these the two programs differ by intent: their names, the length of
    -- bodies with other white space, and truto asks for JSON.
    local own_business =
      { ["user-agent"] = true, ["content-length"] = true, accept = true }
    assert.same(header_names(page, own_business),
      header_names(own, own_business))
    assert.equal("application/json", own:header "accept")
    assert.equal(tostring(#own.body), own:header "content-length")
    assert.matches("^truto%-lua/[%d.]+ libcurl/[%d.]+$",
      own:header "user-agent")
    assert.is_nil(own:header "expect")
    assert.is_nil(own:header "accept-encoding")
  end)

  it("has the id as one encoded segment (H20)", function()
    for id, segment in pairs {
      ["a/b"] = "a%2fb", ["%2e%2e"] = "%252e%252e", ["a?b"] = "a%3fb",
      ["a#b"] = "a%23b", ["a\\b"] = "a%5cb", ["a b"] = "a%20b",
      ["é"] = "%c3%a9", ["a;b=c&d"] = "a%3bb%3dc%26d", ["..."] = "...",
      ["A-z_0.9~"] = "A-z_0.9~", [("x"):rep(1024)] = ("x"):rep(1024),
      ["\r\nX: y"] = "%0d%0aX%3a%20y",
    } do
      server:reset()
      assert(exchange.update("record", nil, id))
      assert.equal("/record/datastore/" .. segment, server:log()[1].path)
    end
  end)

  it("gives the same bytes for the same table, keys in order", function()
    assert.equal('{"a":1,"aa":2,"b":{"x":true,"y":false},"é":3}',
      body_of { b = { y = false, x = true }, ["é"] = 3, aa = 2, a = 1 })
  end)

  it("has more headers where asked, also secret ones", function()
    server:reset()
    local client = exchange.client "record"
    assert(client.datastore.update("ds_1", { label = "x" }, { headers = {
      ["X-Reason"] = "rotation", ["X-Empty"] = "",
      ["X-Key"] = truto.secret "canary-header",
    } }))
    client.close()
    local entry = server:log()[1]
    assert.equal("rotation", entry:header "x-reason")
    assert.equal("", entry:header "x-empty")
    assert.equal("canary-header", entry:header "x-key")
  end)

  it("uses the path of the base URL, with and without a slash", function()
    for _, ending in ipairs { "", "/", "//" } do
      server:reset()
      assert(exchange.update(nil, {
        base_url = server:url("https", "record") .. ending,
      }))
      assert.equal("/record/datastore/ds_1", server:log()[1].path)
    end
  end)

  it("puts user_agent before truto's own", function()
    server:reset()
    assert(exchange.update("record", { user_agent = "rotate/1.2" }))
    assert.matches("^rotate/1%.2 truto%-lua/",
      server:log()[1]:header "user-agent")
  end)

  it("reuses the connection of a client", function()
    server:reset()
    local client = exchange.client "record"
    local _, _, first = client.datastore.update("ds_1", { label = "x" })
    local _, _, second = client.datastore.update("ds_2", { label = "y" })
    client.close()
    assert.is_false(first.connection_reused)
    assert.is_true(second.connection_reused)
    local log = server:log()
    assert.equal(log[1].connection, log[2].connection)
  end)
end)

describe("JSON on the wire", function()
  it("has integers exact (J01)", function()
    local cases = { ["1234567890123456"] = 1234567890123456,
      ["6333"] = 6333, ["0"] = 0, ["-1"] = -1 }
    if math.type then
      cases["9007199254740993"] = 9007199254740993
      cases["-9223372036854775808"] = math.mininteger
      cases["9223372036854775807"] = math.maxinteger
    end
    for text, number in pairs(cases) do
      assert.equal("[" .. text .. "]", body_of { number })
    end
  end)

  it("has doubles that read back the same (J02)", function()
    local zero = 0
    for _, number in ipairs {
      0.1, 1e15, 5e-324, -1 / (1 / zero), 1 / 3, 1e21, 123456789.123,
      2 ^ 53, 2 ^ 63, 1.7976931348623157e308, 2.5e-10, 1e16, 100,
    } do
      local text = body_of { number }:sub(2, -2)
      local back = tonumber(text)
      assert.equal(number, back, text)
      assert.equal(1 / number, 1 / back, text)
      assert.matches("^%-?%d+%.?%d*[eE]?[+-]?%d*$", text)
    end
    assert.equal("[0.1]", body_of { 0.1 })
    assert.equal("[1000000000000000]", body_of { 1e15 })
    assert.equal("[5e-324]", body_of { 5e-324 })
  end)

  it("has strings byte for byte", function()
    local long = ("0123456789"):rep(10240)
    for _, text in ipairs {
      "", "\0", "a\0b", "😀", "\t\n\r\b\f\"\\/", "\1\31\127", "é\194\128",
      "\239\191\191", "\244\143\191\191", "\226\128\168", long,
    } do
      assert.equal(text, cjson.decode(body_of { text })[1])
    end
  end)

  it("has null, booleans, {} and [] (J08)", function()
    assert.equal('{"a":null,"b":true,"c":false,"d":{},"e":[],"f":[[1],[2]]}',
      body_of { a = truto.null, b = true, c = false, d = {},
        e = truto.empty_array, f = { { 1 }, { 2 } } })
    assert.equal(truto.null, cjson.null)
  end)

  it("has secrets in place of strings", function()
    assert.equal('{"key":"s\\"x\\n"}', body_of { key = truto.secret 's"x\n' })
  end)

  it("reads secret.call only when needed, also twice", function()
    local calls = 0
    local value = truto.secret.call(function()
      calls = calls + 1
      return "made"
    end)
    assert.equal('{"a":"made","b":"made"}', body_of { a = value, b = value })
    assert.equal(1, calls)
  end)

  it("writes a point, whatever the locale (J17)", function()
    local code = [[
      assert(os.setlocale("de_DE.UTF-8"))
      local client = assert(require "truto".new())
      assert(client.datastore.update("ds_1", { config = { 0.5, 1e-7 } },
        { validate = false }))
      print((require("truto.log").format { event = "retry", wait = 0.25,
        method = "PATCH", path = "/" }))]]
    local folder = shell "mktemp -d":match "[^\n]+"
    shell("localedef -i de_DE -f UTF-8 " .. folder .. "/de_DE.UTF-8")
    server:reset()
    local output = shell(("LOCPATH=%s TRUTO_API_TOKEN=x TRUTO_CA_FILE=%s "
      .. "TRUTO_BASE_URL=%s %s -e '%s'"):format(folder, server.ca_file,
      server:url("https", "record"), vm.command, code))
    shell("rm -r " .. folder)
    assert.equal("truto: retry PATCH / wait=0.250\n", output)
    assert.equal('{"config":[0.5,1e-07]}', server:log()[1].body)
  end)

  it("takes 64 levels and refuses 65, 1001, 1e5 and cycles (J04)", function()
    -- the body and the config are two of them
    assert.matches('"leaf"', body_of(nested(62)), 1, true)
    for _, depth in ipairs { 64, 1000, 1e5 } do
      assert.equal("too_deep", refusal_of(nested(depth)).code)
    end
    local cycle = {}
    cycle.again = { cycle }
    assert.equal("too_deep", refusal_of(cycle).code)
  end)

  local REFUSED = {
    { "NaN (J03)", { port = 0 / 0 }, "config.port", "invalid_number" },
    { "inf (J03)", { port = math.huge }, "config.port", "invalid_number" },
    { "-inf", { a = { -math.huge } }, "config.a[1]", "invalid_number" },
    { "a sparse array (J09)", { a = { 1, nil, 3 } }, "config.a",
      "sparse_array" },
    { "a mixed table (J09)", { a = { 1, x = 2 } }, "config.a",
      "mixed_table" },
    { '[1] beside "1" (J09)', { a = { [1] = 1, ["1"] = 2 } }, "config.a",
      "mixed_table" },
    { "a key 0", { a = { [0] = 1 } }, "config.a", "invalid_key" },
    { "a key 1.5", { a = { [1.5] = 1 } }, "config.a", "invalid_key" },
    { "a boolean key", { a = { [true] = 1 } }, "config.a", "invalid_key" },
    { "a key 2^40", { a = { [2 ^ 40] = 1 } }, "config.a", "invalid_key" },
    { "a function (J15)", { credentials = { type = print } },
      "config.credentials.type", "type_mismatch" },
    { "a userdata (J15)", { a = io.stdout }, "config.a", "type_mismatch" },
    { "a thread (J15)", { a = coroutine.create(function() end) }, "config.a",
      "type_mismatch" },
    { "a value that is not UTF-8 (J10)", { a = "\255canary" }, "config.a",
      "invalid_utf8" },
    { "a surrogate in UTF-8", { a = "\237\160\128" }, "config.a",
      "invalid_utf8" },
    { "an overlong form", { a = "\192\175" }, "config.a", "invalid_utf8" },
    { "a cut sequence", { a = "\226\130" }, "config.a", "invalid_utf8" },
    { "above U+10FFFF", { a = "\244\144\128\128" }, "config.a",
      "invalid_utf8" },
    { "a key that is not UTF-8", { ["k\255"] = 1 }, "config.k?",
      "invalid_utf8" },
    { "a secret that is not UTF-8", { a = truto.secret "canary\255" },
      "config.a", "invalid_utf8" },
  }
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1] .. ", with the path", function()
      local err = refusal_of(case[2])
      assert.equal(case[4], err.code)
      assert.equal(case[3], err.issues[1].path)
      assert.matches(case[3], err.message, 1, true)
      assert.is_nil(tostring(err):find("canary", 1, true))
    end)
  end

  it("refuses more than 8 MiB and more than 65,536 keys (A07)", function()
    assert.equal("too_large",
      refusal_of { label = ("x"):rep(9 * 2 ^ 20) }.code)
    local many = {}
    for i = 1, 70000 do many["k" .. i] = i end
    assert.equal("too_large", refusal_of(many).code)
  end)

  it("calls no metamethod (J14)", function()
    local function never() error "a metamethod was called" end
    local hostile = setmetatable({ a = "x" }, {
      __index = never, __pairs = never, __len = never, __tostring = never,
      __ipairs = never, __newindex = never,
    })
    assert.equal('{"a":"x"}', body_of(hostile))
  end)

  it("is untouched by the host's cjson settings (J16)", function()
    local depth = cjson.decode_max_depth()
    local precision = cjson.encode_number_precision()
    cjson.encode_number_precision(3)
    cjson.decode_max_depth(1)
    local client = exchange.client "record"
    local datastore = client.datastore.update("ds_1", {
      config = { n = 1.23456789 },
    }, { validate = false })
    client.close()
    assert.equal(1, cjson.decode_max_depth())
    assert.equal(3, cjson.encode_number_precision())
    cjson.decode_max_depth(depth)
    cjson.encode_number_precision(precision)
    assert.is_table(datastore)
    assert.matches("1.23456789", server:log()[#server:log()].body, 1, true)
  end)
end)

describe("request headers", function()
  local function refused(headers)
    server:reset()
    local client = exchange.client "record"
    local datastore, err =
      client.datastore.update("ds_1", { label = "x" }, { headers = headers })
    client.close()
    assert.is_nil(datastore)
    assert.equal("validation", err.kind)
    assert.same({}, server:log())
    return err
  end

  it("refuse control characters in names and values (H22)", function()
    for _, headers in ipairs {
      { ["X-A"] = "canary\r\nX-B: c" }, { ["X-A"] = "a\0canary" },
      { ["X-A"] = truto.secret "canary\n" },
      { ["X A"] = "canary" }, { ["X:A"] = "canary" }, { [""] = "canary" },
      { ["X-A\r\n"] = "canary" }, { "canary" },
    } do
      local err = refused(headers)
      assert.equal("invalid_header", err.code)
      assert.is_nil(tostring(err):find("canary", 1, true))
    end
  end)

  it("refuse those that truto sets itself (H23)", function()
    for _, name in ipairs { "Authorization", "host", "Content-Length",
      "TRANSFER-ENCODING", "Content-Type", "Connection", "Expect",
      "Proxy-Authorization", "User-Agent", "Accept" } do
      local err = refused { [name] = "canary" }
      assert.equal("reserved_header", err.code)
      assert.equal("headers." .. name, err.issues[1].path)
    end
  end)

  it("refuse values that are no text, and a great many (A07)", function()
    assert.equal("type_mismatch", refused { ["X-A"] = 5 }.code)
    local many = {}
    for i = 1, 1e5 do many["X-" .. i] = "a" end
    assert.equal("too_large", refused(many).code)
    assert.equal("too_large", refused { ["X-A"] = ("a"):rep(70000) }.code)
  end)
end)

describe("the token", function()
  local function with(token)
    return exchange.update("record", { token = token })
  end

  it("may be a string, a secret, or a function of either", function()
    for _, token in ipairs {
      "canary-a", truto.secret "canary-b",
      function() return "canary-c" end,
      function() return truto.secret "canary-d" end,
      truto.secret.call(function() return "canary-e" end),
    } do
      server:reset()
      assert(with(token))
      assert.matches("^Bearer canary%-%l$",
        server:log()[1]:header "authorization")
    end
  end)

  it("is asked for at every call (S10)", function()
    server:reset()
    local count = 0
    local client = exchange.client("record", { token = function()
      count = count + 1
      return "token-" .. count
    end })
    client.datastore.update("ds_1", { label = "x" })
    client.datastore.update("ds_1", { label = "x" })
    client.close()
    assert.equal("Bearer token-1", server:log()[1]:header "authorization")
    assert.equal("Bearer token-2", server:log()[2]:header "authorization")
  end)

  it("is refused with control characters, spaces, or empty (H22)", function()
    for _, token in ipairs { "a\nb", "canary x", "é", "a\0b" } do
      local datastore, err = with(token)
      assert.is_nil(datastore)
      assert.equal("setup", err.kind)
      assert.equal("invalid_token", err.code)
      assert.is_nil(tostring(err):find("canary", 1, true))
    end
    local _, err = with ""
    assert.equal("missing_token", err.code)
  end)

  it("of a function that fails is a setup error (A08)", function()
    for _, token in ipairs {
      function() error "canary-token" end, function() return 5 end,
      function() return nil end,
    } do
      server:reset()
      local datastore, err = with(token)
      assert.is_nil(datastore)
      assert.equal("setup", err.kind)
      assert.is_nil(tostring(err):find("canary", 1, true))
      assert.same({}, server:log())
    end
  end)
end)
