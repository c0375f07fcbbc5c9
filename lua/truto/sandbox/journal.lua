--- The requests that arrived, the newest thousand of them. Most of the work is
--- done when somebody asks for them.

local cjson = require "cjson"
local shown = require "truto.sandbox.shown"

local M = {}

local KEPT = 1000

-- What is longer is not kept, only its size.
local LONGEST_BODY = 64 * 1024

local json = cjson.new()
json.decode_max_depth(64)

---@class truto.sandbox.Arrival a request as `sandbox.requests()` shows it
---@field time number seconds since the epoch, with a fraction
---@field method string
---@field path string as sent, without the query
---@field query? string as sent
---@field headers table<string, string> by small letters; secrets are hidden
---@field body? table decoded; secrets are hidden; nil if it is not an object
---@field body_bytes integer
---@field status? integer of the answer; nil if there was none
---@field fault? boolean whether a fault struck it

local Journal = {}
Journal.__index = Journal

---@param clock fun(): number seconds since the epoch
function M.new(clock)
  return setmetatable({ clock = clock, first = 1, last = 0, entries = {} },
    Journal)
end

--- Notes a request.
---@param request truto.sandbox.Request with `headers` and maybe a `body`
---@param type_name? string type of the datastore it is about
---@return table entry whose `status` and `fault` can still be set
function Journal:add(request, type_name)
  local body = request.body or ""
  local entry = {
    time = self.clock(),
    request = request,
    body = #body <= LONGEST_BODY and body or "",
    body_bytes = request.body_bytes,
    type_name = type_name,
  }
  self.last = self.last + 1
  self.entries[self.last] = entry
  if self.last - self.first >= KEPT then
    self.entries[self.first] = nil
    self.first = self.first + 1
  end
  return entry
end

function Journal:clear() self.first, self.last, self.entries = 1, 0, {} end

local function show_headers(headers)
  local copy = {}
  for name, value in headers:each() do
    name = name == ":authority" and "host" or name
    if name:sub(1, 1) ~= ":" then
      value = shown.header(name, value)
      copy[name] = copy[name] and copy[name] .. ", " .. value or value
    end
  end
  return copy
end

local function show_body(entry)
  local ok, body = pcall(json.decode, entry.body)
  if not ok or type(body) ~= "table" then return nil end
  return shown.members(entry.type_name or body.type, body)
end

--- The requests in the order of their arrival.
---@return truto.sandbox.Arrival[]
function Journal:shown()
  local list = {}
  for i = self.first, self.last do
    local entry = self.entries[i]
    local path, query = entry.request.path:match "^([^?]*)%??(.*)$"
    list[#list + 1] = {
      time = entry.time,
      method = entry.request.method,
      path = path,
      query = query ~= "" and query or nil,
      headers = show_headers(entry.request.headers),
      body = show_body(entry),
      body_bytes = entry.body_bytes,
      status = entry.status,
      fault = entry.fault,
    }
  end
  return list
end

return M
