-- The change of the API's reference page: a new label and new secret
-- credentials for one datastore.
--
--   lua examples/update.lua ID LABEL
--
--   DATASTORE_SECRET   the new secret credentials
--   TRUTO_API_TOKEN    or TRUTO_API_TOKEN_FILE, a file with it: the API token
--   TRUTO_BASE_URL     only for another service than the public one
--   TRUTO_CA_FILE      only where that has a certificate of its own CA

local truto = require "truto"

local id, label = arg[1], arg[2]
if not label then
  io.stderr:write "usage: lua examples/update.lua ID LABEL\n"
  os.exit(2)
end

local datastore, err = truto.datastore.update(id, {
  label = label,
  config_secret = truto.secret.env "DATASTORE_SECRET",
})

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.type, datastore.label)
