--- The parts of the sandbox that need no server: what it keeps and counts.

local check = require "truto.config.check"
local rate_limit = require "truto.sandbox.rate_limit"
local shapes = require "truto.config.shapes"
local store_module = require "truto.sandbox.store"

describe("truto.sandbox.store", function()
  it("starts with one valid datastore of each type", function()
    local store = store_module.new()
    assert.equal(#shapes, #store.records)
    for i, shape in ipairs(shapes) do
      local record = store.records[i]
      local issues, warnings = check.run {
        shape = shape,
        config = record.config,
      }
      assert.equal(shape.type, record.type)
      assert.same({}, issues)
      assert.same({}, warnings)
      for _, field in ipairs(shape.fields) do
        assert.not_nil(record.config[field.name])
      end
    end
  end)

  it("merges objects member by member", function()
    local store = store_module.new()
    local old = store:get("ds_gcs").config
    local record = store:update("ds_gcs", {
      config = { credentials = { client_id = "7" } },
    })
    local credentials = record.config.credentials
    assert.equal("7", credentials.client_id)
    assert.equal(old.credentials.private_key, credentials.private_key)
    assert.equal(old.bucket, record.config.bucket)
    assert.are_not.equal("7", old.credentials.client_id)
  end)

  it("keeps no reference to what it was given", function()
    local store = store_module.new()
    local config = { credentials = { client_id = "7" } }
    store:update("ds_gcs", { config = config })
    config.credentials.client_id = 8
    assert.equal("7", store:get("ds_gcs").config.credentials.client_id)
  end)

  it("keeps a config_secret and shows it nowhere", function()
    local store = store_module.new()
    local record = store:update("ds_s3", { config_secret = "canary" })
    assert.equal("canary", record.config_secret)
    assert.is_nil(store_module.public(record).config_secret)
  end)

  it("changes all or nothing", function()
    local store = store_module.new()
    local none, refusal = store:update("ds_s3", {
      label = "new",
      config = { bucket = "new", region = 7 },
    })
    assert.is_nil(none)
    assert.equal(400, refusal.status)
    local record = store:get("ds_s3")
    assert.are_not.equal("new", record.label)
    assert.are_not.equal("new", record.config.bucket)
  end)

  it("gives every change a later time, on a clock that stands", function()
    local store = store_module.new {
      clock = function() return 1700000000.25 end,
    }
    local seen = { store:get("ds_mongo").updated_at }
    for i = 2, 4 do
      seen[i] = store:update("ds_mongo", { label = "again" }).updated_at
    end
    assert.same({
      "2023-11-14T22:13:20.250Z", "2023-11-14T22:13:20.254Z",
      "2023-11-14T22:13:20.255Z", "2023-11-14T22:13:20.256Z",
    }, seen)
  end)
end)

describe("truto.sandbox.store made of one's own datastores", function()
  it("has these, and has them back after a reset", function()
    local store = assert(store_module.new { datastores = {
      { type = "s3", label = "l", config = { bucket = "b" }, id = "mine" },
      { type = "qdrant", label = "l", config = {} },
    } })
    assert.equal(2, #store.records)
    local made = store.records[2].id
    assert.equal(36, #made)
    store:update("mine", { config = { bucket = "c" } })
    store:delete(made)
    store:reset()
    assert.equal(2, #store.records)
    assert.equal("b", store:get("mine").config.bucket)
  end)

  it("says which is wrong", function()
    local none, refusal = store_module.new { datastores = {
      { type = "s3", label = "l", config = { bucket = 5 } },
    } }
    assert.is_nil(none)
    assert.matches("config.bucket", refusal.message, 1, true)
  end)

  it("makes ids of random bytes, in the form of a UUID", function()
    local store = assert(store_module.new {
      datastores = { { type = "s3", label = "l", config = {} } },
      random = function(count)
        return ("\0\255\7"):rep(6):sub(1, count)
      end,
    })
    assert.equal("00ff0700-ff07-40ff-8700-ff0700ff0700", store.records[1].id)
  end)

  it("makes a new id each time", function()
    local store, seen = store_module.new(), {}
    for _ = 1, 200 do
      local id = store:create { type = "s3", label = "l", config = {} }.id
      assert.is_nil(seen[id])
      seen[id] = true
    end
  end)
end)

describe("truto.sandbox.rate_limit", function()
  it("opens a new window when the old one is over", function()
    local now = 100
    local window = rate_limit.new(2, 10, function() return now end)
    assert.is_true(window:take())
    assert.is_true(window:take())
    assert.is_false(window:take())
    now = 109.5
    assert.is_false(window:take())
    assert.same({ 0, 1 }, { window:state() })
    now = 110
    assert.same({ 2, 10 }, { window:state() })
    assert.is_true(window:take())
    assert.same({ 1, 10 }, { window:state() })
  end)
end)
