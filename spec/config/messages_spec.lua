local changes_check = require "truto.config.changes"
local shapes = require "truto.config.shapes"
local truto = require "truto"

local config = truto.config

local function first_message(changes, options)
  return changes_check.check(changes, options or {})[1].message
end

describe("hints", function()
  local ROWS = {
    { { regoin = 1 }, "s3", "did you mean region?" },
    { { accessKeyId = 1 }, "s3", "did you mean access_key_id?" },
    { { ["Access-Key-ID"] = 1 }, "s3", "did you mean access_key_id?" },
    { { bukcet = 1 }, "s3", "did you mean bucket?" },
    { { collection = 1 }, "s3", "is not a field of s3 but of qdrant" },
    { { base_url = 1 }, "mongo_data_api", "but of s3 and qdrant" },
    { { label = 1 }, "s3", "it belongs beside config" },
    { { private_key = 1, credentials = { client_id = "1" } },
      "google_cloud_storage", "did you mean config.credentials.private_key?" },
    { { credentials = { bucket = 1 } }, "google_cloud_storage",
      "did you mean config.bucket?" },
    { { zeta = 1 }, "s3", "documented here: access_key_id, " },
    { { region = truto.secret "x" }, "s3", "received a secret" },
    { { secret_access_key = truto.null }, "s3", "is null, which is not" },
    { { endpoint_url = 1 }, "s3", "did you mean base_url?" },
    { { endpoint = 1 }, "qdrant", "did you mean base_url?" },
    { { url = 1 }, "mongo_data_api", "did you mean api_url?" },
    { { ["Bucket-Name"] = 1 }, "s3", "did you mean bucket?" },
    { { bucketName = 1, credentials = { client_id = "1" } },
      "google_cloud_storage", "did you mean bucket?" },
    { { collection_name = 1 }, "qdrant", "did you mean collection?" },
    { { secret_key = 1 }, "s3", "did you mean secret_access_key?" },
    { { region_name = 1 }, "s3", "did you mean region?" },
    { { db = 1 }, "mongo_data_api", "did you mean database?" },
    { { db = 1 }, "s3", "documented here: access_key_id, " },
    { { region = "r", endpoint = "u" }, nil, "did you mean base_url?" },
    { { port = "1" }, "qdrant", "expected an integer, received a string" },
    { { port = 1.5 }, "qdrant", "received a number with a fraction" },
    { { port = 0 / 0 }, "qdrant", "received a number that is NaN" },
    { { port = 0 }, "qdrant", "must be from 1 to 65535" },
    { { bucket = "b" }, "google_cloud_storage", "partial = true" },
  }

  for _, row in ipairs(ROWS) do
    it("say " .. row[3], function()
      local message = first_message({ config = row[1] }, { type = row[2] })
      assert.matches(row[3], message, 1, true)
    end)
  end

  it("send what stands too far out into the config", function()
    assert.matches("belongs in config", first_message { bucket = "b" }, 1,
      true)
    assert.matches("did you mean label?", first_message { lable = "l" }, 1,
      true)
    assert.matches("cannot be changed", first_message { type = "s3" }, 1, true)
  end)
end)

describe("a secret (S01)", function()
  local CANARY = "canary-4e1f9a"

  local function assert_hidden(changes, options)
    local issues, warnings = changes_check.check(changes, options)
    for _, list in ipairs { issues, warnings } do
      for _, issue in ipairs(list) do
        for _, text in pairs(issue) do
          assert.is_nil(text:find(CANARY, 1, true), issue.path)
        end
      end
    end
  end

  local VALUES = { CANARY, CANARY .. "****", "<" .. CANARY .. ">",
    "https://" .. CANARY .. " x/", { CANARY }, { [CANARY .. " "] = CANARY },
    truto.secret(CANARY) }

  it("is in no message, whatever field it was put into", function()
    for _, shape in ipairs(shapes) do
      for _, field in ipairs(shape.fields) do
        for _, value in ipairs(VALUES) do
          if type(value) ~= "table" or not field.fields then
            assert_hidden({ config = { [field.name] = value } },
              { type = shape.type })
            assert_hidden({ config = { [field.name] = value } }, {})
          end
          for _, inner in ipairs(field.fields or {}) do
            assert_hidden({ config = { [field.name] = {
              [inner.name] = value,
            } } }, { type = shape.type })
          end
        end
      end
    end
  end)

  it("is in no message as label, unknown field or type", function()
    for _, value in ipairs(VALUES) do
      assert_hidden({ label = value, config_secret = value, config = value,
        zeta = value }, {})
      assert_hidden({ config = { zeta = value } }, {})
    end
    assert_hidden({ config = { bucket = 1 } }, { type = CANARY })
    assert_hidden({ config = config.s3 {} }, { type = CANARY })
  end)

  it("is in no message as a key that is no field name", function()
    assert_hidden({ config = { [CANARY .. "/+="] = 1 } }, {})
    assert_hidden({ [CANARY .. "\n"] = 1 }, {})
    assert_hidden({ config = { [(CANARY):rep(3)] = 1 } }, { type = "s3" })
  end)
end)
