--- Faults on request: what the header `truto-sandbox-fault` asks for.
---
--- Scripts hand the header to a call (`headers = {["truto-sandbox-fault"] =
--- "status=503; times=2"}`). Items are separated by `;`:
---
--- | item | what the sandbox does |
--- | --- | --- |
--- | `status=503` | answers with this status (300 to 599), changes nothing |
--- | `retry-after=5` | adds `Retry-After` as written to that answer |
--- | `latency=0.5` | waits so many seconds first (at most 3600) |
--- | `drop` | closes the connection without an answer, changes nothing |
--- | `drop=after` | makes the change, then closes without an answer |
--- | `times=2` | so for the first two requests, the next is served |
---
--- `times` counts requests with the same method, path and header; when one
--- was served, the count starts again.

local M = {}

local function number_between(minimum, maximum, whole)
  return function(text)
    local number = text:match("^%d[%d.]*$") and tonumber(text)
    if not number or number < minimum or number > maximum then return nil end
    if whole and number % 1 ~= 0 then return nil end
    return number
  end
end

--- Readers of the items' values: a value, or nil for a wrong one.
local ITEMS = {
  status = number_between(300, 599, true),
  latency = number_between(0, 3600),
  times = number_between(1, 1000000, true),
  ["retry-after"] = function(text) return text ~= "" and text or nil end,
  drop = function(text)
    if text == "" then return "before" end
    return text == "after" and text or nil
  end,
}

local function parse_item(item, fault)
  local name, value = item:match("^%s*([%w-]+)%s*=?%s*(.-)%s*$")
  local read = name and ITEMS[name]
  if not read then
    return nil, "unknown item in truto-sandbox-fault; known are status,"
      .. " retry-after, latency, drop and times"
  end
  fault[name] = read(value)
  if fault[name] == nil then
    return nil, "truto-sandbox-fault has a wrong value for " .. name
  end
  return true
end

--- Reads the header.
---@param text string
---@return table? fault the items by name, `drop` as "before" or "after"
---@return string? message why the header is refused
function M.parse(text)
  local fault = {}
  for item in text:gmatch("[^;]+") do
    local ok, message = parse_item(item, fault)
    if not ok then return nil, message end
  end
  return fault
end

--- Keeps the counts of `times`.
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

return M
