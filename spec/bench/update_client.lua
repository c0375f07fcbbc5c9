-- The same updates as baseline.c, through truto.
--   update_client.lua BASE_URL TOKEN CA_FILE COUNT
local truto = require "truto"

local base_url, token, ca_file, count = arg[1], arg[2], arg[3], arg[4]
local client = assert(truto.new {
  base_url = base_url, token = token, ca_file = ca_file,
})
local key = truto.secret "a secret key"

local function update(number)
  assert(client.datastore.update("ds_s3", {
    label = "nightly " .. number,
    config = {
      bucket = "exports-2027",
      region = "eu-central-1",
      access_key_id = "AKIAEXAMPLE",
      secret_access_key = key,
    },
  }))
end

update(0) -- connects; not counted
local start = os.clock()
for i = 1, tonumber(count) do update(i) end
print(("%.3f"):format((os.clock() - start) * 1e6 / tonumber(count)))
for line in io.lines "/proc/self/status" do
  local peak = line:match "^VmHWM:%s*(%d+)"
  if peak then print(peak) end
end
