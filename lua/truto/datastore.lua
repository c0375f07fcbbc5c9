--- `datastore.update`: what the call means; C makes the exchange.

local config = require "truto.config"
local core = require "truto.core"
local errors = require "truto.errors"
local options = require "truto.options"
local secret = require "truto.secret"

local M = {}

local WHERE = "datastore.update"

---@class truto.Changes
---@field label? string
---@field config? table the fields to change; others stay as they are
---@field config_secret? string|truto.Secret

---@class truto.Meta
---@field status? integer HTTP status
---@field attempts integer requests made, or tried
---@field elapsed? number seconds
---@field headers? table<string, string> lower-case names
---@field connection_reused? boolean
---@field warnings truto.Issue[]

local function check_arguments(self, id, changes)
  if id == self then
    error(WHERE .. ": call it with a dot, not a colon", 3)
  end
  if type(id) ~= "string" then
    error(WHERE .. ": id must be a string, not a " .. type(id), 3)
  end
  if type(changes) ~= "table" then
    error(WHERE .. ": changes must be a table, not a " .. type(changes), 3)
  end
end

local function token_failure(message)
  return errors.new {
    kind = "setup", code = "missing_token", message = message,
  }
end

-- A function is asked at every call. What it raises may hold the token.
local function current_token(token)
  if type(token) ~= "function" then return token end
  local called, value = pcall(token)
  if not called then
    return nil, token_failure "the token function raised an error"
  end
  if type(value) == "string" or secret.is(value) then return value end
  return nil, token_failure "the token function returned no string or secret"
end

-- Only Lua may call the function of a secret, since that may yield; so C
-- gives back the first such secret that it meets, once for each.
local function attempt(handle, id, changes, sending)
  while true do
    local datastore, err, facts =
      core.datastore.update(handle, id, changes, sending)
    if not err or err.code ~= "secret_unread" then
      return datastore, err, facts
    end
    local loaded, failure = secret.load(err.secret)
    if not loaded then return nil, failure, facts end
  end
end

local function validation(given, defaults)
  local validate = given.validate
  if validate == nil then validate = defaults.validate end
  return {
    validate = validate == nil and true or validate,
    type = given.type,
    partial = given.partial,
  }
end

local function refused(err)
  return nil, err, { attempts = 0, warnings = {} }
end

---@class truto.Datastore
---@field update fun(id: string, changes: truto.Changes,
---  options?: truto.CallOptions): table?, truto.Error?, truto.Meta

--- The datastore operations bound to one client.
---@param handle userdata core client
---@param token string|truto.Secret|fun(): string|truto.Secret
---@param defaults truto.ClientOptions
---@return truto.Datastore
function M.bind(handle, token, defaults)
  local bound = {}

  --- Changes a datastore: `PATCH /datastore/{id}` with exactly the fields of
  --- `changes`; those not given stay as they are (reference page).
  ---@param id string the datastore's id; sent as one path segment
  ---@param changes truto.Changes at least one field
  ---@param given? truto.CallOptions
  ---@return table? datastore as Truto answered, without secrets
  ---@return truto.Error? err
  ---@return truto.Meta meta
  function bound.update(id, changes, given)
    check_arguments(bound, id, changes)
    given = options.check(given, "call", WHERE, 2)
    local issues, warnings =
      config.check_changes(changes, validation(given, defaults))
    if #issues > 0 then return refused(errors.validation(issues)) end
    local value, err = current_token(token)
    if not value then return refused(err) end
    local datastore, failure, meta = attempt(handle, id, changes, {
      token = value,
      headers = given.headers,
      timeout = given.timeout or defaults.timeout,
      connect_timeout = defaults.connect_timeout,
    })
    meta.attempts = failure and failure.outcome == "not_sent"
      and not failure.url and 0 or 1
    meta.warnings = warnings
    return datastore, failure and errors.new(failure), meta
  end

  return bound
end

return M
