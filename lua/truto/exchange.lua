--- One attempt of an operation: its token, its secrets, then the driver.

local callback = require "truto.callback"
local errors = require "truto.errors"
local places = require "truto.secret.places"
local reader = require "truto.secret.reader"
local secret = require "truto.secret"

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local M = {}

---@class truto.exchange.Request what all attempts of a call have in common
---@field name truto.Operation
---@field values any[] the arguments of the operation, options left out
---@field count integer of those, as the last may be nil
---@field headers? table<string, string|truto.Secret>
---@field validate boolean|"warn"|"strict" what is done about secrets that
---  look wrong
---@field warnings truto.Issue[]

local function token_failure(message)
  return errors.new {
    kind = "setup", code = "missing_token", message = message,
  }
end

local function is_token(value)
  return type(value) == "string" or secret.is(value)
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

-- Body or query stand last; an id holds no secret value.
local function places_of(request)
  local payload = request.values[request.count]
  return places.find(type(payload) == "table" and payload or {},
    request.headers)
end

--- Asks for secrets that have to be typed, so that this takes nothing of a
--- deadline.
---@param client truto.datastore.Client
---@param request truto.exchange.Request
---@return true?
---@return truto.Error?
function M.ask(client, request)
  local asked, err = places.ask(client.token, places_of(request))
  if asked then asked, err = places.ask(client.client_key_password, {}) end
  return asked, err
end

local function prepare(client, request, token)
  local ready, err = places.prepare(token, places_of(request),
    request.validate, request.warnings)
  if not ready then return nil, err end
  return read_key_password(client.client_key_password)
end

local function send(client, request, sending)
  local all, count = {}, request.count
  for i = 1, count do all[i] = request.values[i] end
  all[count + 1] = sending
  return client.driver.attempt(client.handle, request.name,
    unpack(all, 1, count + 1))
end

--- Makes one attempt.
---@param client truto.datastore.Client
---@param request truto.exchange.Request
---@param limit fun(sending: truto.Sending): true?, truto.Error?
---@return table? answer
---@return table? err
---@return truto.Facts
function M.attempt(client, request, limit)
  local token, err = current_token(client.token)
  if not token then return nil, err, {} end
  local ready, failure = prepare(client, request, token)
  if not ready then return nil, failure, {} end
  local sending = {
    token = token, headers = request.headers,
    client_key_password = client.client_key_password,
  }
  local in_time, late = limit(sending)
  if not in_time then return nil, late, {} end
  return send(client, request, sending)
end

return M
