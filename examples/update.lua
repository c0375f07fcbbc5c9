-- The example of the API's reference page: a new label and new secret
-- credentials for one datastore.
--
--   TRUTO_API_TOKEN      or TRUTO_API_TOKEN_FILE: the API token
--   TRUTO_DATASTORE_ID   the datastore to change
--   TRUTO_BASE_URL       only for another service than the public one
--   TRUTO_CA_FILE        only where that has a certificate of its own CA

local truto = require "truto"

local id = assert(os.getenv "TRUTO_DATASTORE_ID", "set TRUTO_DATASTORE_ID")

local datastore, err = truto.datastore.update(id, {
  label = "your_label",
  config_secret = "your_config_secret",
})

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.type, datastore.label)
