-- Moves a Qdrant datastore to another port and collection; base_url and
-- api_key are not named and stay as they are.
--
--   lua examples/qdrant.lua ID PORT COLLECTION
--
--   TRUTO_API_TOKEN   and others; see update.lua

local truto = require "truto"

local id, port, collection = arg[1], tonumber(arg[2]), arg[3]
if not (port and collection) then
  io.stderr:write "usage: lua examples/qdrant.lua ID PORT COLLECTION\n"
  os.exit(2)
end

local datastore, err = truto.datastore.update(id, {
  config = truto.config.qdrant { port = port, collection = collection },
})

if not datastore then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
print(datastore.id, datastore.config.port, datastore.config.collection)
