--- Faults on request: what the sandbox is asked to do wrong.
---
--- A script asks for one by the header `truto-sandbox-fault` of its request,
--- items separated by `;`, such as `status=503; times=2`. Whoever started the
--- sandbox asks for them with `sandbox.fault { path = "/datastore/ds_s3",
--- status = 503, times = 2 }`, so that any client meets them.
---
--- | item | what the sandbox does |
--- | --- | --- |
--- | `status=503` | answers with this status (300 to 599), changes nothing |
--- | `retry-after=5` | adds `Retry-After` as written to that answer |
--- | `latency=0.5` | waits so many seconds first (at most 3600) |
--- | `drop` | closes the connection without an answer, changes nothing |
--- | `drop=after` | makes the change, then closes without an answer |
--- | `times=2` | so for the first two requests, the next is served |

local names = require "truto.config.names"

local M = {}

---@class truto.sandbox.Fault
---@field method? string of requests; any if not given
---@field path? string of requests, without a query; any if not given
---@field status? integer 300 to 599: the answer, and nothing is changed
---@field retry_after? string|number of that answer
---@field latency? number seconds to wait first, at most 3600
---@field drop? boolean|"before"|"after" no answer, before or after the change
---@field times? integer so many requests, then no more

local function is_between(value, minimum, maximum)
  return type(value) == "number" and value >= minimum and value <= maximum
end

local function is_whole(value, minimum, maximum)
  return is_between(value, minimum, maximum) and value % 1 == 0
end

local function is_text(value)
  return type(value) == "string" and value ~= "" and not value:find "%c"
end

-- `accepts` looks at what a field has; the header's text is made into it.
local ITEMS = {
  status = {
    is_number = true,
    accepts = function(value) return is_whole(value, 300, 599) end,
    wants = "a whole number, 300 to 599",
  },
  latency = {
    is_number = true,
    accepts = function(value) return is_between(value, 0, 3600) end,
    wants = "a number of seconds, 0 to 3600",
  },
  times = {
    is_number = true,
    accepts = function(value) return is_whole(value, 1, 1000000) end,
    wants = "a whole number, 1 to 1000000",
  },
  retry_after = {
    accepts = function(value)
      return is_text(value) or is_between(value, 0, math.huge)
    end,
    wants = "a number of seconds or a date as text",
  },
  drop = {
    accepts = function(value)
      return type(value) == "boolean" or value == "before" or value == "after"
    end,
    wants = 'true, "before" or "after"',
  },
}

-- Which requests a fault strikes; a header's fault strikes its own.
local PLACES = {
  method = {
    accepts = function(value)
      return type(value) == "string" and value:find "^%a+$" ~= nil
    end,
    wants = "a method, such as PATCH",
  },
  path = {
    accepts = function(value)
      return is_text(value) and value:find "^/[^?#]*$" ~= nil
    end,
    wants = "a path that begins with / and has no query",
  },
}

-- What makes no sense, although each item is right.
local function contradiction(fault)
  if not (fault.status or fault.latency or fault.drop) then
    return "asks for nothing: give status, latency or drop"
  elseif fault.retry_after and not fault.status then
    return "has retry_after without a status"
  end
  return nil
end

-- In one form: `drop` is "before" or "after", a method is in capitals.
local function normalize(fault)
  if fault.drop == true then fault.drop = "before" end
  if fault.drop == false then fault.drop = nil end
  fault.method = fault.method and fault.method:upper()
  fault.retry_after = fault.retry_after and tostring(fault.retry_after)
  return fault
end

local function known_names()
  local list = {}
  for _, rules in ipairs { ITEMS, PLACES } do
    for name in pairs(rules) do list[#list + 1] = name end
  end
  table.sort(list)
  return list
end

local function unknown(name)
  local nearest = names.nearest(name, known_names())
  return ("has an unknown field%s; %s"):format(
    names.is_shown(name) and " " .. name or "",
    nearest and "did you mean " .. nearest .. "?"
      or "known are " .. table.concat(known_names(), ", "))
end

--- Checks a fault given as a table.
---@param fields truto.sandbox.Fault
---@return truto.sandbox.Fault? fault a copy, in the form that `Rules` wants
---@return string? message what is wrong with it, without a value
function M.check(fields)
  local fault = {}
  for name, value in pairs(fields) do
    local rule = ITEMS[name] or PLACES[name]
    if not rule then return nil, unknown(name) end
    if not rule.accepts(value) then
      return nil, ("has a wrong %s: it must be %s"):format(name, rule.wants)
    end
    fault[name] = value
  end
  local problem = contradiction(fault)
  if problem then return nil, problem end
  return normalize(fault)
end

local function read(rule, text)
  if not rule.is_number then return text == "" or text end
  return text:find "^%d[%d.]*$" and tonumber(text)
end

local function parse_item(item, fault)
  local name, text = item:match("^%s*([%w-]+)%s*=?%s*(.-)%s*$")
  name = name and name:gsub("-", "_")
  local rule = name and ITEMS[name]
  if not rule then
    return nil, "has an unknown item; known are status, retry-after, latency,"
      .. " drop and times"
  end
  fault[name] = read(rule, text)
  if not rule.accepts(fault[name]) then
    return nil, ("has a wrong value for %s"):format((name:gsub("_", "-")))
  end
  return true
end

--- Reads the header.
---@param text string
---@return truto.sandbox.Fault? fault
---@return string? message why the header is refused
function M.parse(text)
  local fault = {}
  for item in text:gmatch("[^;]+") do
    local ok, message = parse_item(item, fault)
    if not ok then return nil, message end
  end
  local problem = contradiction(fault)
  if problem then return nil, problem end
  return normalize(fault)
end

--- Keeps the counts of `times` in headers: requests with the same method, path
--- and header. When one was served, the count starts again.
---@return fun(fault: table, key: string): boolean due whether the fault
---  strikes this request; `key` names method, path and header
function M.counter()
  local struck = {}
  return function(fault, key)
    if not fault.times then return true end
    local count = struck[key] or 0
    local due = count < fault.times
    struck[key] = due and count + 1 or nil
    return due
  end
end

---@class truto.sandbox.Rules faults that whoever started the sandbox set
local Rules = {}
Rules.__index = Rules

---@return truto.sandbox.Rules
function M.new_rules() return setmetatable({ list = {} }, Rules) end

--- Adds a fault, behind those that are there.
---@param fault truto.sandbox.Fault as `check` gives it
function Rules:add(fault) self.list[#self.list + 1] = fault end

function Rules:clear() self.list = {} end

--- The first fault for a request. One with `times` is gone when it has struck
--- so often.
---@param method string
---@param path string decoded, without its query
---@return truto.sandbox.Fault? fault
function Rules:strike(method, path)
  for i, fault in ipairs(self.list) do
    if (fault.method or method) == method and (fault.path or path) == path
    then
      if fault.times then
        fault.times = fault.times - 1
        if fault.times == 0 then table.remove(self.list, i) end
      end
      return fault
    end
  end
  return nil
end

return M
