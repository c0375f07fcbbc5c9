--- `read_back = true`: after an attempt of unknown fate the datastore is read
--- and compared with the changes.
---
--- What is equal is a success. What differs proves nothing: a request that is
--- late may still be applied, so the outcome stays `unknown`.

local attempts = require "truto.attempts"
local core = require "truto.core"
local exchange = require "truto.exchange"
local names = require "truto.config.names"
local secret = require "truto.secret"
local shapes = require "truto.config.shapes"

local next, type = next, type

local M = {}

-- Seconds for one read, and the part of a short deadline that it may take.
local LONGEST, PART = 5, 1 / 4

-- Names of top-level config fields that no answer shows, of any type.
local HIDDEN = {}
for _, shape in ipairs(shapes) do
  for _, field in ipairs(shape.fields) do
    if field.secret then HIDDEN[field.name] = true end
  end
end

local compare

local function is_list(value)
  return rawequal(value, core.empty_array) or value[1] ~= nil
end

local function compare_tables(found, path, sent, stored)
  if type(stored) ~= "table" or is_list(sent) and #sent ~= #stored then
    found.differs[#found.differs + 1] = path
    return
  end
  for key, value in next, sent do
    compare(found, names.path(path, key), value, stored[key])
  end
end

-- A table of changes holds what it names and no more, so fields of the answer
-- that it lacks do not count. JSON null is left out of answers.
function compare(found, path, sent, stored)
  if secret.is(sent) then
    found.has_secret = true
  elseif type(sent) == "table" then
    compare_tables(found, path, sent, stored)
  else
    if rawequal(sent, core.null) then sent = nil end
    found.compared = found.compared + 1
    if sent ~= stored then found.differs[#found.differs + 1] = path end
  end
end

--- Holds changes against a datastore, as far as answers show it.
---@param changes truto.Changes
---@param datastore truto.DatastoreRecord
---@return { compared: integer, differs: string[], has_secret: boolean } found
function M.compare(changes, datastore)
  local found = { compared = 0, differs = {}, has_secret = false }
  if changes.label ~= nil then
    compare(found, "label", changes.label, datastore.label)
  end
  found.has_secret = found.has_secret or changes.config_secret ~= nil
  local stored = type(datastore.config) == "table" and datastore.config or {}
  for name, value in next, changes.config or {} do
    if HIDDEN[name] then
      found.has_secret = true
    else
      compare(found, names.path("config", name), value, stored[name])
    end
  end
  table.sort(found.differs)
  return found
end

-- A call of its own, for its pace, limits and events; one attempt, no more.
local function read(call, id, headers, seconds)
  return attempts.run {
    client = call.client,
    route = core.routes.get,
    warnings = call.warnings,
    policy = {
      timeout = seconds, connect_timeout = call.policy.connect_timeout,
      deadline = seconds, max_attempts = 1, retry = false,
    },
    attempt = function(limit)
      return exchange.attempt(call.client, {
        name = "get", values = { id }, count = 1, headers = headers,
        validate = false, warnings = call.warnings,
      }, limit)
    end,
  }
end

local function add(err, words) err.message = err.message .. "; " .. words end

local function warn_of_secrets(call)
  call.warnings[#call.warnings + 1] = {
    path = "changes",
    code = "secrets_not_read_back",
    message = "the fields that an answer shows are as they were sent, so the "
      .. "update counts as applied; its secrets cannot be read back",
  }
end

-- What a read says of an attempt; the datastore if it was applied.
local function judge(call, err, changes, datastore)
  local found = M.compare(changes, datastore)
  if found.differs[1] then
    err.differs = found.differs
    add(err, "read back, these differ: " .. table.concat(found.differs, ", "))
    return nil
  end
  if found.has_secret then warn_of_secrets(call) end
  return datastore
end

--- Seconds of a deadline that attempts leave for one read.
---@param given truto.UpdateOptions
---@param deadline number
---@return number
function M.reserve(given, deadline)
  if not given.read_back then return 0 end
  return math.min(LONGEST, deadline * PART)
end

--- What is done after an attempt of unknown fate, before it is repeated.
---@param call truto.attempts.Call
---@param values any[] id and changes
---@param given truto.UpdateOptions
---@return truto.attempts.Settle?
function M.settle(call, values, given)
  if not given.read_back then return nil end
  local id, changes = values[1], values[2]
  local shown = M.compare(changes, {}).compared
  return function(err, _, left)
    if err.outcome ~= "unknown" or err.kind == "interrupted" then return nil end
    if shown == 0 then
      add(err, "only secrets were sent, which cannot be read back")
      return nil
    end
    local seconds = math.min(LONGEST, left)
    if seconds <= 0 then return nil end
    local datastore, failure, meta = read(call, id, given.headers, seconds)
    if not datastore then
      add(err, "reading it back failed: " .. failure.code)
      return nil
    end
    datastore = judge(call, err, changes, datastore)
    meta.read_back = datastore and true
    return datastore, meta
  end
end

return M
