--- Structured events: what a client does, without headers and bodies.

local callback = require "truto.callback"
local environment = require "truto.environment"

local M = {}

---@class truto.Event
---@field event "request"|"response"|"retry"|"error"
---@field method string
---@field path string of the URL, secrets masked; `/datastore/{id}` where the
---  id was not yet looked through for secrets
---@field attempt integer which one: begun, answered or failed; 0: none yet
---@field status? integer of the answer
---@field elapsed? number seconds: of this attempt; for `error`, of the call
---@field connection_reused? boolean
---@field request_bytes? integer size of the body
---@field response_bytes? integer size of the body
---@field wait? number seconds until the next attempt
---@field kind? truto.ErrorKind
---@field code? string
---@field outcome? truto.Outcome for `error`, of all attempts together

-- In the order of a line.
local FIELDS = {
  "attempt", "status", "kind", "code", "outcome", "wait", "elapsed",
  "request_bytes", "response_bytes", "connection_reused",
}

-- The locale may write the decimal point as another byte.
local function text(value)
  if type(value) == "number" and value % 1 ~= 0 then
    return (("%.3f"):format(value):gsub("[^%d-]+", "."))
  end
  return tostring(value)
end

--- One line, as `truto: retry PATCH /datastore/ds_1 attempt=1 wait=0.310`.
---@param event truto.Event
---@return string
function M.format(event)
  local parts = { "truto:", event.event, event.method, event.path }
  for _, name in ipairs(FIELDS) do
    if event[name] ~= nil then
      parts[#parts + 1] = name .. "=" .. text(event[name])
    end
  end
  return table.concat(parts, " ")
end

-- What `print`, `tostring` and nginx's `ngx.log` make of an event.
local Event = { __name = "truto.event", __tostring = M.format }

local function print_event(event)
  io.stderr:write(M.format(event) .. "\n")
end

-- Who asks for a log in other words is told, not left without; once, since a
-- program may make many clients.
local told = false
local function tell_values()
  if told then return end
  told = true
  io.stderr:write("truto: TRUTO_LOG has a value that means nothing: give it "
    .. "`debug` to see each request, response, retry and error, or unset it\n")
end

--- Where events go: the option `log`, and standard error if the environment
--- has `TRUTO_LOG=debug`.
---@param given? fun(event: truto.Event) the option `log`
---@return fun(event: truto.Event)[] sinks
function M.sinks(given)
  local sinks = {}
  if given then sinks[1] = given end
  local wanted = environment.log()
  if wanted == "debug" then
    sinks[#sinks + 1] = print_event
  elseif wanted then
    tell_values()
  end
  return sinks
end

--- Gives an event to each sink; what a sink raises becomes a warning.
---@param sinks fun(event: truto.Event)[]
---@param event truto.Event
---@param warnings truto.Issue[]
function M.emit(sinks, event, warnings)
  setmetatable(event, Event)
  for _, sink in ipairs(sinks) do
    callback.call("log", sink, event, warnings)
  end
end

return M
