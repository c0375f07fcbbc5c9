-- Updates with secrets from files, closes, collects, says so, and waits.
--   canary_client.lua BASE_URL CA_FILE; UPDATES and the files by environment

local truto = require "truto"

local function work()
  local client = assert(truto.new {
    base_url = arg[1], ca_file = arg[2],
    token = truto.secret.file(os.getenv "TRUTO_CANARY_TOKEN"),
  })
  local key = truto.secret.file(os.getenv "TRUTO_CANARY_KEY")
  for i = 1, tonumber(os.getenv "UPDATES") do
    assert(client.datastore.update("ds_" .. i, { config_secret = key }))
  end
  client.close()
end

work()
collectgarbage()
collectgarbage()
print "closed"
io.stdout:flush()
io.read()
