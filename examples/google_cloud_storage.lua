-- Gives a Google Cloud Storage datastore another bucket and the service
-- account of the JSON key file that Google hands out.
--
--   lua examples/google_cloud_storage.lua ID BUCKET
--
--   GOOGLE_APPLICATION_CREDENTIALS   path of the key file
--   TRUTO_API_TOKEN                  and others; see update.lua

local truto = require "truto"

local id, bucket = arg[1], arg[2]
local path = os.getenv "GOOGLE_APPLICATION_CREDENTIALS"
if not (bucket and path) then
  io.stderr:write("usage: GOOGLE_APPLICATION_CREDENTIALS=FILE ",
    "lua examples/google_cloud_storage.lua ID BUCKET\n")
  os.exit(2)
end

local function update()
  local credentials, problem = truto.config.service_account(path)
  if not credentials then return nil, problem end
  return truto.datastore.update(id, {
    config = truto.config.google_cloud_storage {
      bucket = bucket,
      credentials = credentials,
    },
  }, { validate = "strict" })
end

local datastore, err = update()
if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.bucket)
