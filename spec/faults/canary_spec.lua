-- Secrets in every place that takes one, against servers that fail and that
-- echo: none comes out.

local exchange = require "support.exchange"
local truto = require "truto"
local vm = require "support.vm"

local server = exchange.server
local CANARY = "canary"

local CONFIGS = {
  s3 = { access_key_id = "AKIA", secret_access_key = "canary-s3" },
  qdrant = { api_key = "canary-qdrant" },
  mongo_data_api = { api_key = "canary-mongo" },
  google_cloud_storage = {
    credentials = { private_key_id = "id", private_key = "canary-gcs" },
  },
}

local function has_canary(value, seen)
  seen = seen or {}
  if type(value) == "string" then return value:find(CANARY, 1, true) end
  if type(value) ~= "table" or seen[value] then return false end
  seen[value] = true
  for key, member in pairs(value) do
    if has_canary(key, seen) or has_canary(member, seen) then return true end
  end
  return has_canary(tostring(value))
end

describe("secrets in every credential (S01)", function()
  for _, fault in ipairs {
    "status=400,body=echo", "status=500,body=echo", "echo-token",
    "echo-token,as=html", "close-after-read", "body=broken-json",
    "redirect=307,to=other", "short-body",
  } do
    it("are in nothing that comes out: " .. fault, function()
      for type_name, config in pairs(CONFIGS) do
        local told = {}
        local function tell(event) told[#told + 1] = event end
        local client = exchange.client(fault, {
          log = tell, on_retry = tell, max_attempts = 2,
          driver = require "support.driver".impatient(),
        })
        local _, err, meta = client.datastore.update("ds_1", {
          config = truto.config[type_name](config),
          config_secret = "canary-config-secret",
        })
        assert.is_table(err)
        assert.is_falsy(has_canary { err, meta, told, tostring(client) })
        client.close()
      end
    end)
  end
end)

describe("memory after close and collection (S04)", function()
  it("has at most a few copies, in what libcurl freed", function()
    if os.getenv "TRUTO_LUA" then
      pending "a sanitizer's shadow memory cannot be read through /proc"
      return
    end
    local pipe = assert(io.popen(("python3 -B spec/support/canaries.py 1 %s "
      .. "spec/support/canary_client.lua %s %s 2>&1"):format(vm.command,
      server:url("https", "record"), server.ca_file)))
    local output = pipe:read "*a"
    pipe:close()
    local copies = tonumber(output:match "^closed (%d+)\n$")
    assert(copies, output)
    assert.is_true(copies <= 12, copies)
  end)
end)
