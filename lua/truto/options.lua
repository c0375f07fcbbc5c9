--- The options of `truto.new` and of a call, as data; one checker reads it.

local names = require "truto.config.names"
local driver = require "truto.driver"
local operations = require "truto.operations"
local secret = require "truto.secret"

local M = {}

-- Longer than any deadline that makes sense.
local DAY = 86400

---@class truto.ClientOptions
---@field token? string|truto.Secret|fun(): string|truto.Secret API token;
---  else `TRUTO_API_TOKEN` or `TRUTO_API_TOKEN_FILE`
---@field base_url? string default `TRUTO_BASE_URL`, or the public service
---@field timeout? number seconds for one attempt, default 30
---@field connect_timeout? number seconds to connect, default 10
---@field deadline? number seconds for all attempts and waits, default 120
---@field max_attempts? integer 1 to 100, the first included, default 3
---@field retry? boolean|"not_sent" default `true`: what may pass by itself is
---  tried again; `"not_sent"`: only what cannot have been applied
---@field on_retry? fun(event: truto.RetryEvent) told before each wait
---@field log? fun(event: truto.Event) told what the client does
---@field ca_file? string PEM file of the only trusted authorities; else
---  `TRUTO_CA_FILE`, or the system's
---@field client_cert? string PEM file of a client certificate
---@field client_key? string PEM file of its key, if not in client_cert
---@field client_key_password? string|truto.Secret pass phrase of that key
---@field proxy? string|false proxy URL; `false`: none; else `HTTPS_PROXY`
---@field user_agent? string stands before truto's own
---@field max_response_bytes? integer largest answer, default 1 MiB
---@field validate? boolean|"warn"|"strict" check changes first, default
---  `true`; `"strict"` refuses what else is a warning
---@field driver? "blocking"|truto.Driver how attempts and waits are made

---@class truto.CallOptions
---@field timeout? number seconds for one attempt
---@field deadline? number seconds for all attempts and waits
---@field max_attempts? integer 1 to 100, the first included
---@field retry? boolean|"not_sent" which failures are tried again
---@field headers? table<string, string|truto.Secret> more request headers

---@class truto.CreateOptions: truto.CallOptions
---@field validate? boolean|"warn"|"strict"

---@class truto.UpdateOptions: truto.CallOptions
---@field validate? boolean|"warn"|"strict"
---@field type? truto.DatastoreType type of the datastore, if it is known
---@field partial? boolean `config` leaves out documented required fields
---@field read_back? boolean after an attempt of unknown fate, read the
---  datastore and compare

local function is_seconds(value)
  return type(value) == "number" and value > 0 and value <= DAY
end

local function is_text(value)
  return type(value) == "string" and value ~= "" and not value:find("%c")
end

local function is_secret_text(value)
  return type(value) == "string" or secret.is(value)
end

local function is_mode(value)
  return type(value) == "boolean" or value == "warn" or value == "strict"
end

local SECONDS = {
  accepts = is_seconds,
  wants = "a number of seconds, above 0 and at most 86400",
}
local TEXT = {
  accepts = is_text,
  wants = "a string that is not empty and has no control bytes",
}
local MODE = { accepts = is_mode, wants = 'true, "warn", "strict" or false' }
local ATTEMPTS = {
  accepts = function(value)
    return type(value) == "number" and value % 1 == 0 and value >= 1
      and value <= 100
  end,
  wants = "a whole number, 1 to 100",
}
local RETRY = {
  accepts = function(value)
    return type(value) == "boolean" or value == "not_sent"
  end,
  wants = 'true, "not_sent" or false',
}
local FUNCTION = {
  accepts = function(value) return type(value) == "function" end,
  wants = "a function",
}

local FLAG = {
  accepts = function(value) return type(value) == "boolean" end,
  wants = "true or false",
}

local CLIENT = {
  token = {
    accepts = function(value)
      return is_secret_text(value) or type(value) == "function"
    end,
    wants = "a string, a secret, or a function that returns one",
  },
  base_url = TEXT,
  timeout = SECONDS,
  connect_timeout = SECONDS,
  deadline = SECONDS,
  max_attempts = ATTEMPTS,
  retry = RETRY,
  on_retry = FUNCTION,
  log = FUNCTION,
  driver = {
    accepts = driver.is_choice,
    wants = '"blocking", or a table with the functions attempt, wait, now '
      .. "and random",
  },
  ca_file = TEXT,
  client_cert = TEXT,
  client_key = TEXT,
  client_key_password = {
    accepts = function(value)
      return is_secret_text(value) and value ~= ""
    end,
    wants = "a secret, or a string that is not empty",
  },
  proxy = {
    accepts = function(value) return value == false or is_text(value) end,
    wants = "a URL, or false",
  },
  user_agent = TEXT,
  max_response_bytes = {
    accepts = function(value)
      return type(value) == "number" and value % 1 == 0 and value >= 1
        and value <= 2 ^ 30
    end,
    wants = "a whole number of bytes, 1 to 1 GiB",
  },
  validate = MODE,
}

-- What every call takes.
local CALL = {
  timeout = SECONDS,
  deadline = SECONDS,
  max_attempts = ATTEMPTS,
  retry = RETRY,
  headers = {
    accepts = function(value) return type(value) == "table" end,
    wants = "a table of names and values",
  },
}

-- What only some operations take; each names its own in operations.lua.
local SOME = {
  validate = MODE,
  type = TEXT,
  partial = FLAG,
  read_back = FLAG,
}

-- By name of an operation.
local KNOWN = setmetatable({ client = CLIENT }, {
  __index = function(known, operation)
    local made = {}
    for name, option in pairs(CALL) do made[name] = option end
    for _, name in ipairs(operations[operation].options or {}) do
      made[name] = SOME[name]
    end
    rawset(known, operation, made)
    return made
  end,
})

local function sorted_names(known)
  local list = {}
  for name in pairs(known) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- Alone these would have no effect.
local NEEDS = {
  client_key = "client_cert",
  client_key_password = "client_cert",
}

-- A name is repeated only if it cannot be a secret that slipped in.
local function unknown(where, key, known)
  local list = sorted_names(known)
  local shown, hint = "", ""
  if type(key) == "string" and #key <= 24 and key:find("^[a-z_]+$") then
    if known ~= CLIENT and SOME[key] then
      return where .. ": option '" .. key .. "' has no meaning for this call"
    end
    shown = " '" .. key .. "'"
    local near = names.nearest(key, list)
    if near then hint = "; did you mean '" .. near .. "'?" end
  end
  if hint == "" then hint = "; known: " .. table.concat(list, ", ") end
  return where .. ": unknown option" .. shown .. hint
end

--- Raises for options of the wrong type or name; never repeats a value.
---@param options any a table, or nil
---@param scope "client"|truto.Operation
---@param where string the function's name, for the message
---@param level integer as for `error`, seen from the caller
---@return table options
function M.check(options, scope, where, level)
  if options == nil then return {} end
  if type(options) ~= "table" then
    error(where .. ": options must be a table", level + 1)
  end
  local known = KNOWN[scope]
  for key, value in next, options do
    local option = known[key]
    if not option then error(unknown(where, key, known), level + 1) end
    if not option.accepts(value) then
      local wanted = ": option '" .. key .. "' must be " .. option.wants
        .. (value == "" and "; it is an empty string" or "")
      error(where .. wanted, level + 1)
    end
    local other = NEEDS[key]
    if other and not options[other] then
      error(("%s: option '%s' needs '%s'"):format(where, key, other), level + 1)
    end
  end
  return options
end

return M
