-- Gives a MongoDB Data API datastore another cluster and a new API key.
--
--   TRUTO_API_TOKEN, TRUTO_DATASTORE_ID; see update.lua
--   MONGO_API_KEY   the new key

local truto = require "truto"

local id = assert(os.getenv "TRUTO_DATASTORE_ID", "set TRUTO_DATASTORE_ID")

local datastore, err = truto.datastore.update(id, {
  config = truto.config.mongo_data_api {
    data_source = "Cluster1",
    api_key = truto.secret.env "MONGO_API_KEY",
  },
})

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.data_source, datastore.config.database)
