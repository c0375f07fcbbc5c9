local shapes = require "truto.config.shapes"
local tables = require "support.config_cases.tables"
local truto = require "truto"

local config = truto.config

describe("the shapes as data", function()
  it("are listed", function()
    assert.same({ "mongo_data_api", "google_cloud_storage", "s3", "qdrant" },
      config.types())
  end)

  it("are copies, which may be changed", function()
    for _, shape in ipairs(shapes) do
      local described = config.describe(shape.type)
      assert.same(shape, described)
      described.fields[1].name = "changed"
      assert.is_not.equal("changed", shape.fields[1].name)
    end
    config.types()[1] = "changed"
    assert.equal("mongo_data_api", config.types()[1])
  end)

  it("say where secrets are", function()
    assert.same({ "api_key" }, config.secret_paths "mongo_data_api")
    assert.same({ "credentials", "credentials.private_key" },
      config.secret_paths "google_cloud_storage")
    assert.same({ "secret_access_key" }, config.secret_paths "s3")
    assert.same({ "api_key" }, config.secret_paths "qdrant")
  end)

  it("do not know other types", function()
    for _, name in ipairs { "describe", "secret_paths" } do
      local value, err = config[name] "canary"
      assert.is_nil(value)
      assert.equal("unknown_type", err.code)
      assert.is_nil(tostring(err):find("canary", 1, true))
      assert.is_false(pcall(config[name], nil))
    end
  end)

  it("have a builder, a title and described fields", function()
    local function check_fields(fields)
      for _, field in ipairs(fields) do
        assert.is_truthy(field.description, field.name)
        assert.is_true(#field.name <= 32)
        if field.fields then check_fields(field.fields) end
        if field.secret then assert.is_nil(field.example) end
      end
    end
    for _, shape in ipairs(shapes) do
      assert.is_function(config[shape.type])
      assert.is_string(shape.title)
      check_fields(shape.fields)
    end
  end)

  it("accept their own examples", function()
    local function examples(fields)
      local values = {}
      for _, field in ipairs(fields) do
        values[field.name] = field.fields and examples(field.fields)
          or field.example
          or field.format == "private_key" and "-----BEGIN PRIVATE KEY-----\n"
            .. "YQ==\n-----END PRIVATE KEY-----\n" or "a-secret"
      end
      return values
    end
    for _, shape in ipairs(shapes) do
      local ok, err, meta = config.validate(shape.type, examples(shape.fields))
      assert.is_true(ok, tostring(err))
      assert.same({}, meta.warnings)
    end
  end)
end)

describe("redact", function()
  it("hides secrets and shows the rest", function()
    assert.same({ access_key_id = "A", secret_access_key = "[secret]",
      region = "r", bucket = "b", base_url = "https://a.b/x" },
      config.redact("s3", { access_key_id = "A", secret_access_key = "canary",
        region = "r", bucket = "b", base_url = "https://a.b/x" }))
    assert.same({ api_key = "[secret]", port = 1 },
      config.redact("qdrant", { api_key = truto.secret "canary", port = 1 }))
    assert.same({ bucket = "b", credentials = "[secret]" },
      config.redact("google_cloud_storage", { bucket = "b",
        credentials = { private_key = "canary" } }))
  end)

  it("hides what it does not know, and what is not of its type", function()
    assert.same({ secret_acess_key = "[secret]", ["[?]"] = "[secret]",
      bucket = "[secret]", base_url = "[secret]" },
      config.redact("s3", { secret_acess_key = "canary", ["canary key"] = 1,
        bucket = { "canary" }, base_url = "canary" }))
  end)

  it("hides user, password and query of a URL", function()
    assert.same({ base_url = "https://[secret]@a.b:1/x?[secret]#y" },
      config.redact("s3", { base_url = "https://u:canary@a.b:1/x?k=canary#y" }))
  end)

  it("goes by the mark, and hides all of an unknown type", function()
    local marked = config.s3 { bucket = "b" }
    assert.same({ bucket = "b" }, config.redact(nil, marked))
    assert.same({ bucket = "[secret]" }, config.redact(nil, { bucket = "b" }))
    assert.same({ host = "[secret]" },
      config.redact("postgresql", { host = "canary" }))
  end)

  it("leaves the config as it was, and is plain", function()
    local given = config.s3 { secret_access_key = "s" }
    local shown = config.redact("s3", given)
    assert.equal("s", given.secret_access_key)
    assert.is_nil(getmetatable(shown))
  end)

  it("reads raw and raises for what is no table", function()
    assert.same({ bucket = "b" },
      config.redact("s3", tables.hostile { bucket = "b" }))
    assert.is_false(pcall(config.redact, "s3", "canary"))
  end)
end)
