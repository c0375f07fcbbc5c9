-- Rotates the key pair of an S3 datastore. The secret half comes from the
-- environment and never becomes a Lua string. Half a pair would leave keys
-- that do not fit each other: with "strict" that is refused, not warned of.
--
--   lua examples/s3.lua ID
--
--   S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY   the new pair
--   TRUTO_API_TOKEN                          and others; see update.lua

local truto = require "truto"

local id = arg[1]
if not id then
  io.stderr:write "usage: lua examples/s3.lua ID\n"
  os.exit(2)
end

local datastore, err = truto.datastore.update(id, {
  config = truto.config.s3 {
    access_key_id = os.getenv "S3_ACCESS_KEY_ID",
    secret_access_key = truto.secret.env "S3_SECRET_ACCESS_KEY",
  },
}, { validate = "strict" })

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.access_key_id, datastore.updated_at)
