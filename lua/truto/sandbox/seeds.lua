--- The option `datastores` of `truto.sandbox.start`: what the sandbox has at
--- the start, in place of one datastore of each type.

local check = require "truto.config.check"
local errors = require "truto.errors"
local mark = require "truto.config.mark"
local names = require "truto.config.names"

local M = {}

---@class truto.sandbox.Datastore
---@field id? string made up unless given
---@field type? truto.DatastoreType not needed where `config` was made by
---  `truto.config.s3` or its like
---@field label? string the id, or the type, unless given
---@field config? table empty unless given; may hold secrets
---@field config_secret? string|truto.Secret
---@field environment_id? string

local KNOWN = { "id", "type", "label", "config", "config_secret",
  "environment_id" }
local IS_KNOWN = {}
for _, name in ipairs(KNOWN) do IS_KNOWN[name] = true end

local function unknown(name)
  local nearest = names.nearest(name, KNOWN)
  return ("has an unknown field%s; %s"):format(
    names.is_shown(name) and " " .. name or "",
    nearest and "did you mean " .. nearest .. "?"
      or "known are " .. table.concat(KNOWN, ", "))
end

-- What a program would never mean; nil if there is nothing.
local function misuse(datastore, taken)
  if type(datastore) ~= "table" then
    return "must be a table, not a " .. type(datastore)
  end
  for name in next, datastore do
    if not IS_KNOWN[name] then return unknown(name) end
  end
  local type_name = datastore.type or mark.get(datastore.config)
  if type_name == nil then
    return "has no type: name it, or make its config with truto.config"
  elseif not check.shape(type_name) then
    return "has a type that is not known"
  end
  for _, name in ipairs { "id", "label", "environment_id" } do
    local value = datastore[name]
    if value ~= nil and (type(value) ~= "string" or value == "") then
      return "has a wrong " .. name .. ": it must be a string, not empty"
    end
  end
  if datastore.id and taken[datastore.id] then
    return "has the id of another one"
  end
  return nil
end

-- Secrets are asked for their text: the sandbox is a server that gets it. The
-- C module is loaded only for them.
local function reveal(value)
  if type(value) == "userdata" then
    local secret = require "truto.secret"
    if secret.is(value) then return value:reveal() end
  elseif type(value) == "table" then
    local copy = {}
    for key, inner in next, value do
      local plain, err = reveal(inner)
      if err then return nil, err end
      copy[key] = plain
    end
    return copy
  end
  return value
end

local function check_content(datastore, position)
  local path = ("datastores[%d]."):format(position)
  local issues = check.run {
    shape = check.shape(datastore.type),
    config = datastore.config,
  }
  local secret = datastore.config_secret
  if secret ~= nil and type(secret) ~= "string" then
    issues[#issues + 1] = {
      path = "config_secret",
      code = "type_mismatch",
      message = "expected a string or a secret, received a " .. type(secret),
    }
  end
  for _, issue in ipairs(issues) do issue.path = path .. issue.path end
  if issues[1] then return nil, errors.validation(issues) end
  return datastore
end

local function read_one(datastore, position)
  local config, err = reveal(datastore.config or {})
  if err then return nil, err end
  local config_secret
  config_secret, err = reveal(datastore.config_secret)
  if err then return nil, err end
  local type_name = datastore.type or mark.get(datastore.config)
  return check_content({
    id = datastore.id,
    type = type_name,
    label = datastore.label or datastore.id or type_name,
    config = config,
    config_secret = config_secret,
    environment_id = datastore.environment_id,
  }, position)
end

--- Reads the option.
---@param datastores? truto.sandbox.Datastore[] what is no datastore raises
---@param level integer whose error that is, as for `error`
---@return table[]? read as a POST takes them; nil if there is no option
---@return truto.Error? err a config is wrong, or a secret cannot be read
function M.read(datastores, level)
  if datastores == nil then return nil end
  local read, taken = {}, {}
  for position, datastore in ipairs(datastores) do
    local problem = misuse(datastore, taken)
    if problem then
      error(("truto.sandbox.start: datastores[%d] %s")
        :format(position, problem), level)
    end
    if datastore.id then taken[datastore.id] = true end
    local one, err = read_one(datastore, position)
    if not one then return nil, err end
    read[position] = one
  end
  return read
end

return M
