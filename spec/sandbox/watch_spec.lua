--- What whoever started the sandbox sees of it, and what it had at the start.

local curl = require "support.curl"
local sandbox_module = require "truto.sandbox"
local truto = require "truto"

local request = curl.request

local function assert_without_canary(value)
  if type(value) == "table" then
    for key, inner in pairs(value) do
      assert_without_canary(key)
      assert_without_canary(inner)
    end
  end
  assert.falsy(tostring(value):find("canary", 1, true), tostring(value))
end

describe("truto.sandbox shows", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start()) end)
  teardown(function() sandbox.stop() end)
  before_each(function() assert(sandbox.reset()) end)

  it("what arrived, in its order", function()
    local before = os.time()
    request(sandbox, "GET", "/datastore?limit=2")
    request(sandbox, "PATCH", "/datastore/ds_s3", {
      json = { label = "l", config = { bucket = "b", port = 1 } },
      headers = { "x-request-id: 17", "x-two: a", "x-two: b" },
    })
    request(sandbox, "DELETE", "/datastore/none%20", { token = false })
    local requests = assert(sandbox.requests())
    assert.equal(3, #requests)
    local first, second, third = requests[1], requests[2], requests[3]
    assert.equal("GET /datastore limit=2 200", table.concat({ first.method,
      first.path, first.query, first.status }, " "))
    assert.is_nil(first.body)
    assert.equal(0, first.body_bytes)
    assert.equal("PATCH /datastore/ds_s3 400", table.concat({ second.method,
      second.path, second.status }, " "))
    assert.is_nil(second.query)
    assert.same({ label = "l", config = { bucket = "b", port = "[secret]" } },
      second.body)
    assert.equal("17", second.headers["x-request-id"])
    assert.equal("a, b", second.headers["x-two"])
    assert.equal(sandbox.base_url:match "//(.*)", second.headers.host)
    assert.equal("application/json", second.headers["content-type"])
    assert.equal("/datastore/none%20 401",
      third.path .. " " .. third.status)
    assert.is_nil(third.headers.authorization)
    assert.truthy(first.time >= before - 1 and first.time <= third.time)
  end)

  it("secrets only as present, or not", function()
    request(sandbox, "PATCH", "/datastore/ds_s3", {
      json = { config_secret = "canary-1", config = {
        secret_access_key = "canary-2", secret_acess_key = "canary-3",
        base_url = "https://u:canary-4@a.b/", ["canary 5"] = "canary-6",
      }, other = { "canary-7" } },
      headers = { "x-api-key: canary-8", "Cookie: canary-9" },
    })
    request(sandbox, "PATCH", "/datastore/ds_gcs", {
      body = [[{"config": {"credentials": {"private_key": "canary-10",
        "client_email": "a@b.c", "private_key_id": ""}}}]],
    })
    request(sandbox, "PATCH", "/datastore/ds_none", {
      json = { config = { bucket = "canary-11" } },
    })
    request(sandbox, "POST", "/datastore", { json = { type = "qdrant",
      label = "l", config = { api_key = "canary-12", port = 1 } } })
    request(sandbox, "PATCH", "/datastore/ds_s3", { body = "{canary" })
    local requests = assert(sandbox.requests())
    assert_without_canary(requests)
    assert.same({ config_secret = "[secret]", config = {
      secret_access_key = "[secret]", secret_acess_key = "[secret]",
      base_url = "https://[secret]@a.b/", ["[?]"] = "[secret]",
    }, other = { "[secret]" } }, requests[1].body)
    assert.equal("[secret]", requests[1].headers.authorization)
    assert.equal("[secret]", requests[1].headers["x-api-key"])
    assert.same({ private_key = "[secret]", client_email = "a@b.c",
      private_key_id = "" }, requests[2].body.config.credentials)
    assert.same({ bucket = "[secret]" }, requests[3].body.config)
    assert.same({ api_key = "[secret]", port = 1 }, requests[4].body.config)
    assert.is_nil(requests[5].body)
    assert.equal(7, requests[5].body_bytes)
  end)

  it("which requests met a fault, and which got no answer", function()
    sandbox.fault { status = 503, times = 1 }
    sandbox.fault { drop = true, times = 1 }
    for _ = 1, 3 do pcall(request, sandbox, "GET", "/datastore/ds_s3") end
    local seen = {}
    for i, one in ipairs(assert(sandbox.requests())) do
      seen[i] = tostring(one.status) .. " " .. tostring(one.fault)
    end
    assert.same({ "503 true", "nil true", "200 nil" }, seen)
  end)

  it("the newest thousand requests", function()
    local urls = {}
    for i = 1, 1010 do
      urls[i] = sandbox.base_url .. "/datastore/x" .. i .. " -o /dev/null"
    end
    curl.run(sandbox, table.concat(urls, " "))
    local requests = assert(sandbox.requests())
    assert.equal(1000, #requests)
    assert.equal("/datastore/x11", requests[1].path)
    assert.equal("/datastore/x1010", requests[1000].path)
  end)

  it("what is kept, in its order", function()
    request(sandbox, "PATCH", "/datastore/ds_s3", {
      json = { label = "new", config_secret = "canary" },
    })
    request(sandbox, "DELETE", "/datastore/ds_qdrant")
    local datastores = assert(sandbox.datastores())
    assert.equal(3, #datastores)
    assert.equal("ds_mongo ds_gcs ds_s3", datastores[1].id .. " "
      .. datastores[2].id .. " " .. datastores[3].id)
    assert.same({ access_key_id = "AKIAIOSFODNN7EXAMPLE",
      secret_access_key = "[secret]", region = "eu-central-1",
      bucket = "acme-exports", base_url = "https://minio.example.com:9000" },
      datastores[3].config)
    assert.equal("new", datastores[3].label)
    assert.equal("[secret]", datastores[3].config_secret)
    assert.is_nil(datastores[1].config_secret)
    assert.equal("[secret]", datastores[2].config.credentials.private_key)
    assert_without_canary(datastores)
  end)

  it("what was at the start, after a reset", function()
    request(sandbox, "DELETE", "/datastore/ds_qdrant")
    sandbox.fault { status = 503 }
    assert.is_true(sandbox.reset())
    assert.same({}, sandbox.requests())
    assert.equal(4, #sandbox.datastores())
    assert.equal(200, (request(sandbox, "GET", "/datastore/ds_qdrant")))
  end)

  it("whole numbers without a fraction", function()
    request(sandbox, "GET", "/datastore")
    local one = assert(sandbox.requests())[1]
    assert.equal("200 0", one.status .. " " .. one.body_bytes)
  end)
end)

describe("truto.sandbox that has ended", function()
  local function assert_ended(other)
    for _, name in ipairs { "requests", "datastores", "clear_faults",
      "reset" } do
      local value, err = other[name]()
      assert.is_nil(value)
      assert.equal("setup", err.kind)
      assert.equal("sandbox_ended", err.code)
    end
    local value, err = other.fault { status = 503 }
    assert.is_nil(value)
    assert.equal("sandbox_ended", err.code)
  end

  it("says so when it was stopped", function()
    local other = assert(sandbox_module.start())
    other.stop()
    assert_ended(other)
  end)

  it("says so when it was killed, and takes nobody with it", function()
    local other = assert(sandbox_module.start())
    local folder = other.ca_file:match "([^/]*)/[^/]*$":gsub("%.", "[.]")
    curl.shell("kill -9 $(pgrep -f " .. curl.quote(folder) .. ")")
    assert_ended(other)
    other.stop()
  end)
end)

describe("truto.sandbox with datastores of one's own", function()
  local sandbox
  after_each(function()
    if sandbox then sandbox.stop() end
    sandbox = nil
  end)

  it("has these, under their ids", function()
    sandbox = assert(sandbox_module.start { datastores = {
      { id = "exports", type = "s3", label = "nightly",
        config = { bucket = "b", secret_access_key = truto.secret "canary" } },
      { config = truto.config.qdrant { port = 1 }, id = "vectors",
        config_secret = truto.secret "canary", environment_id = "env" },
      { type = "s3" },
    } })
    local datastores = assert(sandbox.datastores())
    assert.equal(3, #datastores)
    assert.same({ bucket = "b", secret_access_key = "[secret]" },
      datastores[1].config)
    assert.equal("exports nightly",
      datastores[1].id .. " " .. datastores[1].label)
    assert.equal("vectors vectors qdrant env [secret]", table.concat({
      datastores[2].id, datastores[2].label, datastores[2].type,
      datastores[2].environment_id, datastores[2].config_secret }, " "))
    assert.same({}, datastores[3].config)
    assert.equal(36, #datastores[3].id)
    assert.equal(404, (request(sandbox, "GET", "/datastore/ds_s3")))
    assert.equal(200, (request(sandbox, "GET", "/datastore/exports")))
  end)

  it("may have none", function()
    sandbox = assert(sandbox_module.start { datastores = {} })
    assert.same({}, sandbox.datastores())
  end)

  it("does not start with a wrong config, and names it", function()
    local none, err = sandbox_module.start { datastores = {
      { type = "s3", config = { bucket = "b" } },
      { type = "qdrant", config = { port = 0, prot = "canary" } },
    } }
    assert.is_nil(none)
    assert.equal("validation", err.kind)
    assert.equal("datastores[2].config.port",
      err.issues[1].path)
    assert.equal("datastores[2].config.prot", err.issues[2].path)
    assert_without_canary(err)
  end)

  it("does not start with a secret that cannot be read", function()
    local none, err = sandbox_module.start { datastores = { { type = "s3",
      config = { secret_access_key = truto.secret.env "TRUTO_UNSET" } } } }
    assert.is_nil(none)
    assert.equal("secret_missing", err.code)
  end)

  it("raises for what is not one, at the caller, without a value", function()
    for _, case in ipairs {
      { { { typ = "canary" } }, "unknown field typ; did you mean type?" },
      { { { type = "canary" } }, "datastores[1] has a type that is not known" },
      { { { config = {} } }, "datastores[1] has no type" },
      { { { type = "s3", id = "a" }, { type = "s3", id = "a" } },
        "datastores[2] has the id of another one" },
      { { { type = "s3", id = "" } }, "wrong id" },
      { { { type = "s3", label = 5 } }, "wrong label" },
      { { "canary" }, "must be a table, not a string" },
      { { ds_1 = { type = "s3" } }, "datastores must be a list" },
      { "canary", "datastores must be a list" },
    } do
      local ok, message = pcall(sandbox_module.start,
        { datastores = case[1] })
      assert.is_false(ok, case[2])
      assert.truthy(message:find(case[2], 1, true), message)
      assert.falsy(message:find("canary", 1, true), message)
    end
    local _, message = pcall(function()
      sandbox_module.start { datastores = { {} } }
    end)
    assert.matches("watch_spec.lua:%d+: ", message)
  end)
end)
