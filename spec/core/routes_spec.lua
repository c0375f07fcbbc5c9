-- Each route of the API on the wire, by the functions of core.datastore.

local core = require "truto.core"
local cjson = require "cjson"
local drivers = require "support.driver"
local exchange = require "support.exchange"

local server = exchange.server

local NAMES = { "get", "list", "create", "update", "delete", "test" }

-- operation, its arguments, and what of them the server must read
local EXCHANGES = {
  { "get", { "ds 1" }, "GET", "/datastore/ds%201" },
  { "list", {}, "GET", "/datastore" },
  { "list", { { { "id[in]", "a,b" }, { "type", "s3&x=1" } } },
    "GET", "/datastore?id%5bin%5d=a%2cb&type=s3%26x%3d1" },
  { "list", { {} }, "GET", "/datastore" },
  { "create", { { type = "s3", label = "x" } }, "POST", "/datastore",
    '{"label":"x","type":"s3"}' },
  { "update", { "a/b", { label = "x" } }, "PATCH", "/datastore/a%2fb",
    '{"label":"x"}' },
  { "delete", { "ds_1" }, "DELETE", "/datastore/ds_1" },
  { "test", { "ds_1", "upload/Object", { a = 1 } }, "POST",
    "/datastore/ds_1/test/upload%2fObject", '{"a":1}' },
  { "test", { "ds_1", "uploadObject" }, "POST",
    "/datastore/ds_1/test/uploadObject", "" },
}

-- How many arguments stand between the client and the options.
local COUNT = { get = 1, list = 1, create = 1, update = 2, delete = 1,
  test = 3 }

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local function new_handle(fault)
  return assert(core.client.new {
    base_url = server:url("https", fault or "ok"), ca_file = server.ca_file,
  })
end

local function call(handle, operation, arguments, timeout)
  local all = { unpack(arguments, 1, COUNT[operation]) }
  all[COUNT[operation] + 1] = { token = exchange.TOKEN, timeout = timeout }
  return drivers.real().attempt(handle, operation,
    unpack(all, 1, COUNT[operation] + 1))
end

before_each(function() server:reset() end)

describe("the route", function()
  it("table has a function for each of six operations", function()
    local found = {}
    for name, route in pairs(core.routes) do
      found[#found + 1] = name
      assert.is_function(core.datastore[name])
      assert.equal(not route.safe, route.fate ~= "")
      assert.is_true(route.idempotent or not route.safe)
    end
    table.sort(found)
    table.sort(NAMES)
    assert.same(NAMES, found)
  end)

  -- In one order and back, so that nothing of one stays in the next.
  it("has its method, path, query and body on one kept connection", function()
    local handle = new_handle()
    local expected = {}
    for turn = 1, 2 * #EXCHANGES do
      local i = turn <= #EXCHANGES and turn or 2 * #EXCHANGES + 1 - turn
      local operation, arguments = EXCHANGES[i][1], EXCHANGES[i][2]
      assert(call(handle, operation, arguments))
      expected[turn] = EXCHANGES[i]
    end
    local log = server:log()
    assert.equal(#expected, #log)
    for i, entry in ipairs(log) do
      local _, _, method, path, body = unpack(expected[i])
      assert.equal(method, entry.method)
      assert.equal("/ok" .. path, entry.path)
      assert.equal(body or "", entry.body)
      assert.equal(log[1].connection, entry.connection)
    end
    core.client.close(handle)
  end)

  it("without a body has no header about one", function()
    local handle = new_handle()
    for _, case in ipairs(EXCHANGES) do
      server:reset()
      assert(call(handle, case[1], case[2]))
      local entry = server:log()[1]
      local has_body = case[5] and case[5] ~= ""
      assert.equal(has_body and "application/json" or nil,
        (entry:header "content-type"))
      local length = case[5] and tostring(#case[5]) or nil
      assert.equal(length, (entry:header "content-length"))
      assert.is_nil(entry:header "transfer-encoding")
      assert.equal("application/json", entry:header "accept")
    end
    core.client.close(handle)
  end)

  it("stands in an error: method, url without its query", function()
    local handle = new_handle "status=404"
    for _, case in ipairs(EXCHANGES) do
      local answer, err, facts = call(handle, case[1], case[2])
      assert.is_nil(answer)
      assert.equal(case[3], err.method)
      assert.equal(server:url("https", "status=404")
        .. case[4]:gsub("%?.*", ""), err.url)
      assert.equal("/status=404" .. case[4]:gsub("%?.*", ""), facts.path)
      assert.equal("rejected", err.outcome)
    end
    core.client.close(handle)
  end)

  -- The message may go on with what libcurl or the server said.
  local function check_fate(fault, timeout)
    local handle = new_handle(fault)
    for _, case in ipairs(EXCHANGES) do
      local answer, err = call(handle, case[1], case[2], timeout)
      assert.is_nil(answer)
      assert.equal("unknown", err.outcome)
      local fate = core.routes[case[1]].fate
      assert.matches(fate, err.message, 1, true)
      if fate == "" then assert.is_nil(err.message:find "may have been") end
    end
    core.client.close(handle)
  end

  it("says what may have happened, which a safe one does not", function()
    check_fate "body=array"
    check_fate("silent", 0.1)
    check_fate "head=two-lengths"
  end)

  it("delete takes an answer without a body; the others do not", function()
    local handle = new_handle "status=204"
    for _, case in ipairs(EXCHANGES) do
      local answer = call(handle, case[1], case[2])
      if case[1] == "delete" then assert.same({}, answer)
      else assert.is_nil(answer) end
    end
    core.client.close(handle)
  end)
end)

describe("a segment of a path", function()
  local CASES = {
    { "", "is empty" }, { ".", "is a path segment of dots" },
    { "..", "is a path segment of dots" }, { "a\0b", "has a NUL byte" },
    { ("x"):rep(1025), "is longer than 1,024 bytes" },
  }

  it("is refused wherever it stands (H20, H21)", function()
    local handle = new_handle()
    for _, case in ipairs(CASES) do
      for operation, count in pairs(COUNT) do
        local arguments = { case[1], {}, {} }
        if operation == "test" then arguments = { "ds_1", case[1], {} } end
        if operation ~= "list" and operation ~= "create" then
          assert.is_true(count > 0)
          local answer, err = call(handle, operation, arguments)
          local name = operation == "test" and "method" or "id"
          assert.is_nil(answer)
          assert.equal("validation", err.kind)
          assert.equal(name == "id" and "invalid_id" or "invalid_segment",
            err.code)
          assert.equal(name .. ": the " .. name .. " " .. case[2], err.message)
        end
      end
    end
    assert.same({}, server:log())
    core.client.close(handle)
  end)

  it("that holds the token is not shown (S09)", function()
    local handle = new_handle "status=404"
    for _, arguments in ipairs {
      { exchange.TOKEN .. " ", "method" }, { "ds_1", " " .. exchange.TOKEN },
    } do
      local _, err, facts = call(handle, "test", arguments)
      assert.is_nil(cjson.encode { err, facts }:find(exchange.TOKEN, 1, true))
      assert.matches("/datastore/[^ ]*%[secret%]", err.url)
      assert.matches("/datastore/[^ ]*%[secret%]", facts.path)
    end
    core.client.close(handle)
  end)
end)

describe("a query", function()
  it("is refused when it is not a list of pairs of strings", function()
    local handle = new_handle()
    for _, query in ipairs {
      { "x" }, { { "x" } }, { { "x", 1 } }, { { 1, "x" } }, { { "x", {} } },
    } do
      local answer, err = call(handle, "list", { query })
      assert.is_nil(answer)
      assert.same({ "validation", "type_mismatch", "not_sent" },
        { err.kind, err.code, err.outcome })
    end
    assert.same({}, server:log())
    core.client.close(handle)
  end)

  it("has a ceiling", function()
    local handle = new_handle()
    assert(call(handle, "list", { { { "id", ("x"):rep(16000) } } }))
    local answer, err =
      call(handle, "list", { { { "id", ("x"):rep(16400) } } })
    assert.is_nil(answer)
    assert.same({ "validation", "too_large", "not_sent" },
      { err.kind, err.code, err.outcome })
    core.client.close(handle)
  end)
end)
