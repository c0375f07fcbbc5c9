--- How attempts and waits are carried out. Policy stays outside: a driver
--- makes one attempt when told, and waits as long as told.

local core = require "truto.core"
local host = require "truto.host"

local M = {}

---@class truto.Sending the last argument of every operation
---@field token string|truto.Secret
---@field headers? table<string, string|truto.Secret>
---@field client_key_password? truto.Secret
---@field timeout number seconds, above 0
---@field connect_timeout number seconds, above 0

---@class truto.Facts
---@field elapsed? number seconds; not there: no attempt was begun
---@field status? integer
---@field headers? table<string, string> lower-case names
---@field retry_after? number seconds that the header asks for
---@field connection_reused? boolean
---@field request_bytes? integer size of the body
---@field response_bytes? integer size of the body
---@field path? string of the URL, secrets masked

---@class truto.Driver
---@field attempt fun(handle: userdata, operation: truto.Operation, ...: any):
---  table?, table?, truto.Facts one whole attempt, as
---  `core.datastore[operation](handle, ...)`; a driver passes the arguments on
---  as they are. The last of them is a `truto.Sending`
---@field wait fun(seconds: number): true?, table? the error ends the call
---@field now fun(): number monotonic seconds
---@field random fun(): number in [0, 1)

---@alias truto.Operation
---| "get"
---| "list"
---| "create"
---| "update"
---| "delete"
---| "test"

local FUNCTIONS = { "attempt", "wait", "now", "random" }

local function wait(seconds)
  if core.system.wait(seconds) then return true end
  return nil, {
    kind = "interrupted",
    code = "interrupted",
    message = "interrupted by a signal while waiting",
    outcome = "not_sent",
  }
end

--- Everything in the calling thread, which waits.
---@type truto.Driver
M.blocking = {
  attempt = function(handle, operation, ...)
    return core.datastore[operation](handle, ...)
  end,
  wait = wait,
  now = core.system.monotonic,
  random = core.system.random,
}

--- Whether a value can be the option `driver`.
---@param value any
---@return boolean
function M.is_choice(value)
  if value == "blocking" then return true end
  if type(value) ~= "table" then return false end
  for _, name in ipairs(FUNCTIONS) do
    if type(value[name]) ~= "function" then return false end
  end
  return true
end

--- The driver of a client. In an nginx worker a transfer that blocks would
--- stop every request, so there it must be asked for by name.
---@param given? "blocking"|truto.Driver the option `driver`
---@return truto.Driver?
---@return truto.Error? err kind `"setup"`
function M.choose(given)
  if type(given) == "table" then return given end
  if given == nil and host.is_nginx_worker() then
    return require("truto.nginx").driver
  end
  return M.blocking
end

return M
