--- truto: change Truto datastores from Lua.
---
---     local truto = require "truto"
---     local datastore, err = truto.datastore.update("ds_1", {
---       label = "nightly",
---     })

local client = require "truto.client"
local config = require "truto.config"
local core = require "truto.core"
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
  ---@type truto.Datastore on a client made from the environment when needed
  datastore = client.default(),
}

return M
