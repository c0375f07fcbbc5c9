--- What most specs of an exchange begin with: a client on the fault server.

local server = require "support.server".shared()
local truto = require "truto"

local M = { server = server }

M.TOKEN = "canary-token-4f1c"

--- A client whose every update meets the fault. One attempt per call, since
--- these specs are about single exchanges.
---@param fault? string as `server:url` takes it
---@param changes? table more options of `truto.new`; `listener` names another
---  listener than https
function M.client(fault, changes)
  local given = { token = M.TOKEN, ca_file = server.ca_file }
  local listener = "https"
  for key, value in pairs(changes or {}) do
    if key == "listener" then listener = value else given[key] = value end
  end
  given.base_url = given.base_url or server:url(listener, fault)
  return assert(truto.new(given))
end

--- One update through a client of its own.
---@return table? datastore
---@return truto.Error? err
---@return truto.Meta meta
function M.update(fault, changes, id)
  local client = M.client(fault, changes)
  local datastore, err, meta =
    client.datastore.update(id or "ds_1", { label = "x" })
  client.close()
  return datastore, err, meta
end

return M
