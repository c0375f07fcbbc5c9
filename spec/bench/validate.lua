-- What the checks cost: microseconds for a typical config of each type, and
-- as a share of the CPU time that one update takes in the client.
--
--   make build && LUA_PATH="lua/?.lua;lua/?/init.lua;;" \
--     LUA_CPATH="build/lua5.4/?.so;;" lua5.4 spec/bench/validate.lua
--
-- The best of several rounds counts: other programs can only add to it.

local changes_check = require "truto.config.changes"
local sandbox = require "truto.sandbox"
local shapes = require "truto.config.shapes"
local truto = require "truto"

local ROUNDS, CHECKS, UPDATES = 15, 10000, 150

local IDS = { mongo_data_api = "ds_mongo", s3 = "ds_s3",
  google_cloud_storage = "ds_gcs", qdrant = "ds_qdrant" }

-- As long as a real one, so that looking at it costs what it does.
local PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\n"
  .. ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n")
    :rep(25) .. "-----END PRIVATE KEY-----\n"

local function typical(fields)
  local values = {}
  for _, field in ipairs(fields) do
    values[field.name] = field.fields and typical(field.fields)
      or field.example or field.name == "private_key" and PRIVATE_KEY
      or "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
  end
  return values
end

-- Microseconds of CPU time a call takes.
local function cost(calls, call)
  local best = math.huge
  for _ = 1, ROUNDS do
    local start = os.clock()
    for _ = 1, calls do call() end
    best = math.min(best, (os.clock() - start) / calls * 1e6)
  end
  return best
end

local service = assert(sandbox.start {
  rate_limit = { limit = 1e9, window = 10 },
})
local client = assert(truto.new {
  base_url = service.base_url,
  token = service.token,
  ca_file = service.ca_file,
})

local OPTIONS = {}
print(_VERSION .. (rawget(_G, "jit") and ", LuaJIT" or ""))
print(("%-22s %12s %12s %14s %7s"):format("config", "marked, us",
  "unmarked, us", "an update, us", "share"))
for _, shape in ipairs(shapes) do
  local given = typical(shape.fields)
  local unmarked = { config = given }
  local marked = { config = truto.config[shape.type](given) }
  local by_mark = cost(CHECKS, function()
    changes_check.check(marked, OPTIONS)
  end)
  local by_fields = cost(CHECKS, function()
    changes_check.check(unmarked, OPTIONS)
  end)
  local whole = cost(UPDATES, function()
    assert(client.datastore.update(IDS[shape.type], marked))
  end)
  print(("%-22s %12.2f %12.2f %14.0f %6.1f%%"):format(shape.type, by_mark,
    by_fields, whole, by_mark / whole * 100))
end

client.close()
service.stop()
