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
    local store = store_module.new(function() return 1700000000.25 end)
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
