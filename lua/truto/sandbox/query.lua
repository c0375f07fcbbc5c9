--- The query of a list (CONTRACT.md, "Routes"): `limit`, `next_cursor`, and the
--- filters `id`, `type`, `id[in]`, `type[in]`. Any other name is refused: a
--- filter that is passed over would give out everything.

local names = require "truto.config.names"

local M = {}

local DEFAULT_PAGE, LARGEST_PAGE = 100, 1000

local FILTERS = { id = true, type = true }

local function refuse(message)
  return nil, { status = 400, message = message }
end

--- A text without percent-encoding.
---@param text string
---@return string? decoded nil where the encoding is broken
function M.decode(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then return nil end
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- A list as the SDKs write it: `id[in]=a,b`, `id[in][]=a`, `id[in][0]=a`.
local function filter_of(name)
  local field, rest = name:match "^(%l+)%[in%](.*)$"
  if field and FILTERS[field]
    and (rest == "" or rest:find "^%[%d*%]$") then
    return field, true
  end
  return FILTERS[name] and name or nil, false
end

local READERS = {}

-- SDKs send both of these empty where nobody gave them.
function READERS.limit(query, value)
  if value == "" then return true end
  local limit = value:find("^%d+$") and tonumber(value)
  if not limit or limit < 1 or limit > LARGEST_PAGE then
    return refuse("limit must be a whole number from 1 to " .. LARGEST_PAGE)
  end
  query.limit = limit
  return true
end

function READERS.next_cursor(query, value)
  if value == "" then return true end
  query.after = tonumber(value:match("^c(%d+)$"))
  if query.after then return true end
  return refuse("next_cursor is not one that this list gave out")
end

local function add_filter(query, field, is_list, value)
  local wanted = is_list and query.filters[field] or {}
  query.filters[field] = wanted
  if not is_list then
    wanted[value] = true
    return
  end
  for one in (value .. ","):gmatch "([^,]*)," do wanted[one] = true end
end

local function read_pair(query, name, value)
  if READERS[name] then return READERS[name](query, value) end
  local field, is_list = filter_of(name)
  if not field then
    return refuse(("unknown query parameter%s; known are limit, next_cursor,"
      .. " id, type, id[in] and type[in]"):format(
      names.is_shown(name) and " " .. name or ""))
  end
  add_filter(query, field, is_list, value)
  return true
end

---@class truto.sandbox.Query
---@field limit integer
---@field after integer position behind which the page begins
---@field filters table<string, table<string, true>> allowed values by field

--- Reads the query of a list.
---@param text string what follows the `?`, still encoded
---@return truto.sandbox.Query? query
---@return truto.sandbox.Refusal? refusal
function M.parse(text)
  local query = { limit = DEFAULT_PAGE, after = 0, filters = {} }
  local seen = {}
  for pair in text:gmatch("[^&]+") do
    local name, value = pair:match("^([^=]*)=?(.*)$")
    name, value = M.decode(name), M.decode((value:gsub("%+", " ")))
    if not name or not value then
      return refuse("The query is not well encoded")
    elseif seen[name] and not name:find "%]$" then
      return refuse("a query parameter stands twice")
    end
    seen[name] = true
    local ok, refusal = read_pair(query, name, value)
    if not ok then return nil, refusal end
  end
  return query
end

return M
