--- The error tables that calls return as their second result.
---
--- Misuse by the programmer raises and never comes here; everything that can
--- happen in the world is one of these, `nil, err, meta`.

local host = require "truto.host"

local M = {}

---@alias truto.ErrorKind
---| "validation"  # the input cannot be right; nothing was sent
---| "setup"       # this machine or process is not set up; nothing was sent
---| "network"     # no connection, or it was lost
---| "tls"         # the server could not prove who it is
---| "timeout"     # no answer in time
---| "api"         # Truto answered with a status that is not 2xx
---| "response"    # the answer is not what the API promises
---| "interrupted" # Ctrl-C

---@alias truto.Outcome
---| "not_sent" # the server saw nothing of the request
---| "rejected" # the server answered no
---| "unknown"  # the server may have applied it

---@class truto.Issue
---@field path string where in `changes` or the config, as `config.port`
---@field code truto.Code stable symbol
---@field message string for people; never holds the offending value

---@class truto.Error
---@field kind truto.ErrorKind
---@field code truto.Code stable symbol, such as `not_found`
---@field message string for people: the culprit and the remedy
---@field outcome truto.Outcome
---@field status? integer HTTP status
---@field api? table the decoded error body
---@field issues? truto.Issue[] for `validation`: all problems found
---@field method? string HTTP method
---@field url? string where the request went, without secrets
---@field retryable? boolean whether the same call may succeed later
---@field retry_after? number seconds until the call is worth repeating, as the
---  API said: 0 to 86,400
---@field attempts? integer requests made, or tried
---@field elapsed? number seconds of all attempts and waits
---@field request_id? string of the answer: what Truto's support asks for
local Error = {}

-- The locale may write the decimal point as another byte.
local function seconds(number)
  return (("%.1f"):format(number):gsub("[^%d]+", ".")) .. " s"
end

-- What stands in brackets behind the message.
local function facts_of(err)
  local facts = {}
  if err.status then facts[1] = "HTTP " .. err.status end
  if err.url then
    facts[#facts + 1] = (err.method and err.method .. " " or "") .. err.url
  end
  if err.request_id then
    facts[#facts + 1] = "request id " .. err.request_id
  end
  if err.attempts and err.attempts > 1 then
    facts[#facts + 1] = err.attempts .. " attempts"
      .. (err.elapsed and " in " .. seconds(err.elapsed) or "")
  end
  return facts
end

--- One useful line, as `truto: server_error: Bad Gateway (HTTP 502,
--- PATCH https://api.truto.one/datastore/ds_1, 3 attempts in 1.4 s)`.
function Error:__tostring()
  local line = "truto: " .. self.code .. ": " .. self.message
  local facts = facts_of(self)
  if facts[1] then line = line .. " (" .. table.concat(facts, ", ") .. ")" end
  return (line:gsub("%c", "?"))
end

Error.__name = "truto.error"

--- Whether a value is an error of truto.
---@param value any
---@return boolean
function M.is(value) return getmetatable(value) == Error end

local function operand(value)
  if M.is(value) then return tostring(value) end
  local kind = type(value)
  if kind == "string" or kind == "number" then return value end
  error("attempt to concatenate a " .. kind .. " value with an error", 3)
end

--- `"failed: " .. err`: the line of `tostring` takes the error's place.
function Error.__concat(left, right) return operand(left) .. operand(right) end

-- What to say where nginx is, by code.
local IN_NGINX = "; inside nginx a worker sees only the environment variables "
  .. "that nginx.conf names, such as `env TRUTO_API_TOKEN;`"
local NGINX_HINTS = { missing_token = IN_NGINX, secret_missing = IN_NGINX }

--- Makes an error table out of a plain one, in place.
---@param fields table the fields of `truto.Error`; `kind`, `code` and
---  `message` must be there; `outcome` is `"not_sent"` unless given
---@return truto.Error
function M.new(fields)
  if M.is(fields) then return fields end
  fields.outcome = fields.outcome or "not_sent"
  local hint = NGINX_HINTS[fields.code]
  if hint and host.is_nginx() then fields.message = fields.message .. hint end
  return setmetatable(fields, Error)
end

-- The nearest level from `level` on that has a line: functions in C have none,
-- nor has what Lua 5.1 puts where a function was left by a tail call.
local function with_line(level)
  local up = level
  local info = debug.getinfo(up + 1, "l")
  while info and info.currentline < 0 do
    up = up + 1
    info = debug.getinfo(up + 1, "l")
  end
  return info and up or level
end

--- Raises an error as a string, since not every host prints a table that is
--- raised: `file:line:` and the line of `tostring`.
---@param err any an error of truto, or anything else that says what failed
---@param level integer whose line it is, as for Lua's `error`
function M.raise(err, level)
  error(tostring(err), with_line(level + 1))
end

--- As Lua's `assert`, for what truto returns, on every VM and in nginx.
--- Returns all its arguments if the first is true; otherwise raises the
--- second as one line of text, with the file and line of the caller. Lua's
--- own `assert` raises the last of the three values, or refuses a table.
---@generic T
---@param value? T
---@param ... any the error first
---@return T value
---@return any ...
function M.assert(value, ...)
  if value then return value, ... end
  local err = ...
  M.raise(err == nil and "assertion failed!" or err, 2)
end

--- A `validation` error from a list of issues.
---@param issues truto.Issue[] at least one
---@return truto.Error
function M.validation(issues)
  local first = issues[1]
  local message = first.path .. ": " .. first.message
  if #issues > 1 then
    message = message .. " (and " .. (#issues - 1) .. " more)"
  end
  return M.new {
    kind = "validation",
    code = first.code,
    message = message,
    issues = issues,
  }
end

return M
