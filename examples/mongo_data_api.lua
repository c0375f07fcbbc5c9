-- Gives a MongoDB Data API datastore another cluster and a new API key.
--
--   lua examples/mongo_data_api.lua ID CLUSTER
--
--   MONGO_API_KEY     the new key
--   TRUTO_API_TOKEN   and others; see update.lua

local truto = require "truto"

local id, cluster = arg[1], arg[2]
if not cluster then
  io.stderr:write "usage: lua examples/mongo_data_api.lua ID CLUSTER\n"
  os.exit(2)
end

local datastore, err = truto.datastore.update(id, {
  config = truto.config.mongo_data_api {
    data_source = cluster,
    api_key = truto.secret.env "MONGO_API_KEY",
  },
})

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.data_source, datastore.config.database)
