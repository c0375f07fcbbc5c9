-- Points an S3 datastore at another bucket and rotates its key pair. The
-- secret half comes from the environment and never becomes a Lua string.
--
--   TRUTO_API_TOKEN, TRUTO_DATASTORE_ID; see update.lua
--   S3_SECRET_ACCESS_KEY   the new secret key

local truto = require "truto"

local id = assert(os.getenv "TRUTO_DATASTORE_ID", "set TRUTO_DATASTORE_ID")

local datastore, err = truto.datastore.update(id, {
  config = truto.config.s3 {
    bucket = "exports-2027",
    region = "eu-central-1",
    access_key_id = "AKIAEXAMPLE",
    secret_access_key = truto.secret.env "S3_SECRET_ACCESS_KEY",
  },
})

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.bucket, datastore.config.region)
