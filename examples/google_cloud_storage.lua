-- Gives a Google Cloud Storage datastore another bucket and the service
-- account of the JSON key file that Google hands out.
--
--   TRUTO_API_TOKEN, TRUTO_DATASTORE_ID; see update.lua
--   GOOGLE_APPLICATION_CREDENTIALS   path of the key file

local truto = require "truto"

local id = assert(os.getenv "TRUTO_DATASTORE_ID", "set TRUTO_DATASTORE_ID")
local path = assert(os.getenv "GOOGLE_APPLICATION_CREDENTIALS",
  "set GOOGLE_APPLICATION_CREDENTIALS")

local function update()
  local credentials, problem = truto.config.service_account(path)
  if not credentials then return nil, problem end
  return truto.datastore.update(id, {
    config = truto.config.google_cloud_storage {
      bucket = "exports-2027",
      credentials = credentials,
    },
  })
end

local datastore, err = update()
if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.bucket)
