--- `truto.new`: settings become a client, a table that looks like the module.

local attempts = require "truto.attempts"
local config = require "truto.config"
local core = require "truto.core"
local datastore = require "truto.datastore"
local driver = require "truto.driver"
local environment = require "truto.environment"
local errors = require "truto.errors"
local log = require "truto.log"
local options = require "truto.options"
local pace = require "truto.pace"
local quota = require "truto.quota"
local secret = require "truto.secret"
local shown = require "truto.shown"
local version = require "truto.version"

local M = {}

local FILES = {
  { option = "ca_file", code = "ca_file_unreadable" },
  { option = "client_cert", code = "client_cert_unreadable" },
  { option = "client_key", code = "client_key_unreadable" },
}

local function setup_error(code, message)
  return errors.new { kind = "setup", code = code, message = message }
end

-- A directory opens but does not read; an empty file reads as nil.
local function file_problem(path)
  local file, reason, number = io.open(path, "rb")
  if not file then return shown.refusal(path, reason, number) end
  local byte, failure = file:read(1)
  file:close()
  if byte then return nil end
  return (shown.path(path, true) or shown.HIDDEN) .. ": "
    .. (failure or "the file is empty")
end

local function check_files(made)
  for _, file in ipairs(FILES) do
    local path = made[file.option]
    local problem = path and file_problem(path)
    if problem then
      return nil, setup_error(file.code,
        "cannot read " .. file.option .. " " .. problem)
    end
  end
  return true
end

local function sort_names(fields, secrets, plain)
  for _, field in ipairs(fields) do
    local names = field.secret and secrets or plain
    names[#names + 1] = field.name
    if field.fields then sort_names(field.fields, secrets, plain) end
  end
end

-- Names of all fields by whether they hold secrets, so that C can mask these
-- in errors; what is unknown below a secret field is masked as well.
local function field_names()
  local secrets, plain = { "config_secret" }, {}
  for _, type_name in ipairs(config.types()) do
    sort_names(config.describe(type_name).fields, secrets, plain)
  end
  return secrets, plain
end

local function user_agent(prefix)
  local own = "truto-lua/" .. version .. " libcurl/" .. core.libcurl_version
  return prefix and prefix .. " " .. own or own
end

-- What the options say, else the environment.
local function target(given)
  local base_url, ca_file, err = given.base_url, given.ca_file, nil
  if not base_url then base_url, err = environment.base_url() end
  if err then return nil, err end
  if not ca_file then ca_file, err = environment.ca_file() end
  if err then return nil, err end
  return { base_url = base_url, ca_file = ca_file }
end

local function settings(given)
  local found, err = target(given)
  if not found then return nil, err end
  local proxy, no_proxy = environment.proxy()
  if given.proxy ~= nil then proxy, no_proxy = given.proxy or nil, nil end
  local secret_names, plain_names = field_names()
  return {
    base_url = found.base_url,
    ca_file = found.ca_file,
    client_cert = given.client_cert,
    client_key = given.client_key,
    has_client_key_password = given.client_key_password ~= nil,
    proxy = proxy,
    no_proxy = no_proxy,
    user_agent = user_agent(given.user_agent),
    max_response_bytes = given.max_response_bytes,
    secret_names = secret_names,
    plain_names = plain_names,
  }
end

-- A string becomes a secret at once, so that only C memory keeps it.
local function as_secret(given)
  return type(given) == "string" and secret(given) or given
end

local function find_token(given)
  if type(given) == "string" then return as_secret(given) end
  if given ~= nil then return given end
  return environment.token()
end

-- What the calls of a client share; the options are copied, so that what
-- happens to the caller's table later has no effect.
---@return truto.datastore.Client
local function shared_state(handle, token, given, chosen)
  local defaults = {}
  for name, value in pairs(given) do defaults[name] = value end
  defaults.token, defaults.client_key_password = nil, nil
  return {
    handle = handle,
    token = token,
    client_key_password = as_secret(given.client_key_password),
    defaults = defaults,
    policy = attempts.policy({}, defaults),
    driver = chosen,
    quota = quota.new(),
    pace = pace.new(chosen.now),
    window = {},
    sinks = log.sinks(given.log),
    on_retry = given.on_retry,
    closed = false,
  }
end

local Client = {
  __name = "truto.client",
  __tostring = function() return "truto.client" end,
  __metatable = "truto.client",
}
function Client.__close(client) client.close() end

---@class truto.Client
---@field datastore truto.Datastore
---@field close fun() frees connections; later calls raise
---@field secret truto.SecretModule
---@field config truto.ConfigModule
---@field null userdata JSON null
---@field empty_array userdata JSON `[]`
---@field assert function `truto.assert`

-- With the fields that the error of a call has.
local function refuse(err)
  err.attempts = 0
  err.retryable = err.retryable or false
  return nil, err
end

-- The options are right.
---@return truto.datastore.Client?
---@return truto.Error? err kind `"setup"`, with the remedy
local function make(given)
  local made, err = settings(given)
  if not made then return refuse(err) end
  local readable
  readable, err = check_files(made)
  if not readable then return refuse(err) end
  local token
  token, err = find_token(given.token)
  if not token then return refuse(err) end
  local chosen
  chosen, err = driver.choose(given.driver)
  if not chosen then return refuse(errors.new(err)) end
  local handle, failure = core.client.new(made)
  if not handle then return refuse(errors.new(failure)) end
  return shared_state(handle, token, given, chosen)
end

--- A client of its own: settings, connections.
---@param given? truto.ClientOptions
---@return truto.Client? client
---@return truto.Error err kind `"setup"`, with the remedy; `nil` where there
---  is a client
function M.new(given)
  given = options.check(given, "client", "truto.new", 2)
  local state, err = make(given)
  if not state then return nil, err end
  return setmetatable({
    datastore = datastore.bind(function() return state end),
    close = function()
      state.closed = true
      core.client.close(state.handle)
    end,
    secret = secret,
    config = config,
    null = core.null,
    empty_array = core.empty_array,
    assert = errors.assert,
  }, Client)
end

--- The operations on a client that is made from the environment at the first
--- call: `TRUTO_API_TOKEN` or `TRUTO_API_TOKEN_FILE`, `TRUTO_BASE_URL`,
--- `TRUTO_CA_FILE`.
---@return truto.Datastore
function M.default()
  local state
  return datastore.bind(function()
    local err
    if not state then state, err = make({}) end
    return state, err
  end)
end

return M
