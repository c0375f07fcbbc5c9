--- `datastore.update`: what the call means; C makes the exchange.

local attempts = require "truto.attempts"
local callback = require "truto.callback"
local changes_check = require "truto.config.changes"
local core = require "truto.core"
local errors = require "truto.errors"
local options = require "truto.options"
local places = require "truto.secret.places"
local reader = require "truto.secret.reader"
local secret = require "truto.secret"

local M = {}

local WHERE = "datastore.update"

---@class truto.Changes
---@field label? string
---@field config? truto.config.Config the fields to change
---@field config_secret? string|truto.Secret

---@class truto.Meta
---@field status? integer HTTP status
---@field attempts integer requests made, or tried
---@field elapsed number seconds of all attempts and waits
---@field headers? table<string, string> lower-case names
---@field path? string of the URL; cut where an id holds a secret
---@field request_bytes? integer size of the body
---@field response_bytes? integer size of the body
---@field connection_reused? boolean
---@field ratelimit? truto.RateLimit if the answer told
---@field warnings truto.Issue[]

--- Raises for misuse of `update`, at the line that called the function which
--- calls this.
---@param self table the table that `update` is a function of
---@param id any
---@param changes any
---@param given any
---@return truto.CallOptions
function M.check_update(self, id, changes, given)
  if id == self then
    error(WHERE .. ": call it with a dot, not a colon", 3)
  end
  if type(id) ~= "string" then
    error(WHERE .. ": id must be a string, not a " .. type(id), 3)
  end
  if type(changes) ~= "table" then
    error(WHERE .. ": changes must be a table, not a " .. type(changes), 3)
  end
  -- A tail call would take a level away.
  local checked = options.check(given, "call", WHERE, 3)
  return checked
end

local function is_token(value)
  return type(value) == "string" or secret.is(value)
end

local function token_failure(message)
  return errors.new {
    kind = "setup", code = "missing_token", message = message,
  }
end

-- A function is asked before every attempt: a wait may outlive what it gave.
local function current_token(token)
  if type(token) ~= "function" then return token end
  local value, problem = callback.ask(token, is_token, "string or secret")
  if value then return value end
  return nil, token_failure("the token function " .. problem)
end

-- The pass phrase of the client's key, made ready as the secrets of a call.
local function read_key_password(password)
  if not password then return true end
  local done, err = reader.load(password)
  if done then done, err = reader.read(password) end
  return done, err
end

local function attempt(call, id, changes, limit)
  local client = call.client
  local token, err = current_token(client.token)
  if not token then return nil, err, {} end
  local found = places.find(changes, call.headers)
  local ready, failure =
    places.prepare(token, found, call.validate, call.warnings)
  if ready then
    ready, failure = read_key_password(client.client_key_password)
  end
  if not ready then return nil, failure, {} end
  local sending = {
    token = token, headers = call.headers,
    client_key_password = client.client_key_password,
  }
  local in_time, late = limit(sending)
  if not in_time then return nil, late, {} end
  return client.driver.attempt(client.handle, "update", id, changes, sending)
end

-- What the call says, else the client, else the default.
local function policy(given, defaults)
  local made = {}
  for name, value in pairs(attempts.DEFAULTS) do
    if given[name] ~= nil then value = given[name]
    elseif defaults[name] ~= nil then value = defaults[name] end
    made[name] = value
  end
  return made
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

---@class truto.Datastore
---@field update fun(id: string, changes: truto.Changes, options?:
---  truto.CallOptions): truto.DatastoreRecord?, truto.Error, truto.Meta

---@class truto.datastore.Client: truto.attempts.Client
---@field handle userdata core client
---@field token string|truto.Secret|fun(): string|truto.Secret
---@field client_key_password? truto.Secret
---@field defaults truto.ClientOptions

--- The datastore operations bound to one client.
---@param client truto.datastore.Client
---@return truto.Datastore
function M.bind(client)
  local bound = {}
  -- Most calls have no options of their own.
  local standing_policy = policy({}, client.defaults)
  local standing_validation = validation({}, client.defaults)

  --- Changes a datastore: `PATCH /datastore/{id}` with exactly the fields of
  --- `changes`; those not given stay as they are (reference page).
  ---@param id string the datastore's id; sent as one path segment
  ---@param changes truto.Changes at least one field
  ---@param given? truto.CallOptions
  ---@return truto.DatastoreRecord? datastore as Truto answered, without secrets
  ---@return truto.Error err `nil` where there is a datastore
  ---@return truto.Meta meta
  function bound.update(id, changes, given)
    given = M.check_update(bound, id, changes, given)
    if client.closed then error(WHERE .. ": the client is closed", 2) end
    local own = next(given) ~= nil
    local checks = own and validation(given, client.defaults)
      or standing_validation
    local issues, warnings = changes_check.check(changes, checks)
    local call = {
      client = client,
      policy = own and policy(given, client.defaults) or standing_policy,
      route = core.routes.update,
      headers = given.headers,
      validate = checks.validate,
      warnings = warnings,
    }
    function call.attempt(limit) return attempt(call, id, changes, limit) end
    if #issues > 0 then
      return attempts.refuse(call, errors.validation(issues))
    end
    local asked, err =
      places.ask(client.token, places.find(changes, given.headers))
    if asked then asked, err = places.ask(client.client_key_password, {}) end
    if not asked then return attempts.refuse(call, err) end
    return attempts.run(call)
  end

  return bound
end

return M
