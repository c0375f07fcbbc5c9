-- Moves a Qdrant datastore to another port and collection; base_url and
-- api_key are not named and stay as they are.
--
--   TRUTO_API_TOKEN, TRUTO_DATASTORE_ID; see update.lua

local truto = require "truto"

local id = assert(os.getenv "TRUTO_DATASTORE_ID", "set TRUTO_DATASTORE_ID")

local datastore, err = truto.datastore.update(id, {
  config = truto.config.qdrant { port = 6334, collection = "articles" },
})

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.port, datastore.config.collection)
