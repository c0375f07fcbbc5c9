--- `truto.datastore`: each operation of operations.lua becomes a function. All
--- of them are made here; what they have in common is only here.

local attempts = require "truto.attempts"
local core = require "truto.core"
local errors = require "truto.errors"
local exchange = require "truto.exchange"
local operations = require "truto.operations"
local options = require "truto.options"
local page = require "truto.page"

local M = {}

---@class truto.datastore.Client: truto.attempts.Client
---@field handle userdata core client
---@field token string|truto.Secret|fun(): string|truto.Secret
---@field client_key_password? truto.Secret
---@field defaults truto.ClientOptions
---@field policy truto.Policy of calls without options of their own

-- What `error` adds a line to: this file's function, the one that the user
-- called, then the user's.
local USER = 3

local function check_arguments(where, row, bound, values)
  if rawequal(values[1], bound) then
    error(where .. ": call it with a dot, not a colon", USER)
  end
  for i, argument in ipairs(row.arguments) do
    local value = values[i]
    if type(value) ~= argument.type
      and not (value == nil and argument.optional) then
      error(("%s: %s must be a %s, not a %s"):format(where, argument.name,
        argument.type, type(value)), USER)
    end
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

-- Makes the attempts of a call, and of their answers what the row promises.
local function attempter(client, row, request)
  return function(limit)
    local answer, err, facts = exchange.attempt(client, request, limit)
    if not answer then return nil, err, facts end
    err = row.refuse and row.refuse(answer)
    if err then
      err.status = facts.status
      return nil, err, facts
    end
    if row.complete then answer = row.complete(answer, request.values) end
    return answer, nil, facts
  end
end

local function new_request(client, name, row, values, given)
  local checks = validation(given, client.defaults)
  local checked = row.check and row.check(values, checks)
    or { issues = {}, warnings = {}, values = values }
  return {
    name = name, values = checked.values, count = #row.arguments,
    headers = given.headers, validate = checks.validate,
    warnings = checked.warnings,
  }, checked.issues
end

local function run(client, name, row, values, given)
  local request, issues = new_request(client, name, row, values, given)
  local policy = next(given) == nil and client.policy
    or attempts.policy(given, client.defaults)
  local call = {
    client = client,
    policy = policy,
    route = core.routes[name],
    warnings = request.warnings,
    attempt = attempter(client, row, request),
    reserve = row.reserve and row.reserve(given, policy.deadline) or 0,
  }
  if #issues > 0 then
    return attempts.refuse(call, errors.validation(issues))
  end
  local asked, err = exchange.ask(client, request)
  if not asked then return attempts.refuse(call, err) end
  call.settle = row.settle and row.settle(call, values, given)
  return attempts.run(call)
end

-- Without a client there is no call.
local function no_client(err, started)
  local elapsed = core.system.monotonic() - started
  return nil, err, { attempts = 0, elapsed = elapsed, warnings = {} }
end

-- The function of one operation.
local function bind(bound, name, row, find_client)
  local where = "datastore." .. name
  local count = #row.arguments
  return function(...)
    local values = { ... }
    local given = values[count + 1]
    check_arguments(where, row, bound, values)
    given = options.check(given, name, where, USER - 1)
    local started = core.system.monotonic()
    local client, err = find_client()
    if not client then return no_client(err, started) end
    if client.closed then error(where .. ": the client is closed", USER - 1) end
    return run(client, name, row, values, given)
  end
end

-- Each page is a call of its own, with the same options.
local function bind_each(bound, find_client)
  local where, row = "datastore.each", operations.list
  return function(filters, given)
    check_arguments(where, row, bound, { filters })
    given = options.check(given, "list", where, USER - 1)
    return page.each(function(filtered)
      local client, err = find_client()
      if not client then return nil, err end
      if client.closed then
        return nil, errors.new {
          kind = "setup", code = "client_closed",
          message = "the client was closed",
        }
      end
      return run(client, "list", row, { filtered }, given)
    end, filters)
  end
end

--- The operations, bound to a client.
---@param find_client fun(): truto.datastore.Client?, truto.Error? asked by each
---  call, once its arguments are right
---@return truto.Datastore
function M.bind(find_client)
  local bound = {}
  for name, row in pairs(operations) do
    bound[name] = bind(bound, name, row, find_client)
  end
  bound.each = bind_each(bound, find_client)
  return bound
end

return M
