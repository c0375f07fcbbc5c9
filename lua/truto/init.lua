--- truto: change Truto datastores from Lua.
---
---     local truto = require "truto"
---     local datastore, err = truto.datastore.update("ds_1", {
---       label = "nightly",
---     })

local client = require "truto.client"
local config = require "truto.config"
local core = require "truto.core"
local datastore = require "truto.datastore"
local errors = require "truto.errors"
local secret = require "truto.secret"
local version = require "truto.version"

---@class truto
local M = {
  _VERSION = version,
  --- JSON null; the same value as `cjson.null` and `ngx.null`.
  null = core.null,
  --- JSON `[]`; an empty table is `{}`.
  empty_array = core.empty_array,
  assert = errors.assert,
  secret = secret,
  config = config,
  new = client.new,
  datastore = {},
}

local default

--- As `client.datastore.update`, on a client that is made from the
--- environment at the first call: `TRUTO_API_TOKEN` or
--- `TRUTO_API_TOKEN_FILE`, `TRUTO_BASE_URL`, `TRUTO_CA_FILE`.
---@param id string
---@param changes truto.Changes
---@param options? truto.CallOptions
---@return truto.DatastoreRecord? datastore
---@return truto.Error err `nil` where there is a datastore
---@return truto.Meta meta
function M.datastore.update(id, changes, options)
  -- Misuse raises also where there is no token to make a client with.
  datastore.check_update(M.datastore, id, changes, options)
  if not default then
    local started = core.system.monotonic()
    local made, err = client.new()
    if not made then
      local elapsed = core.system.monotonic() - started
      return nil, err, { attempts = 0, elapsed = elapsed, warnings = {} }
    end
    default = made
  end
  return default.datastore.update(id, changes, options)
end

return M
