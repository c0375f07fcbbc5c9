--- Where secrets stand in what a call was given.

local names = require "truto.config.names"
local secret = require "truto.secret"

local next, type = next, type

local M = {}

-- As deep as JSON is written; what is deeper is refused there.
local MAX_DEPTH = 64

---@class truto.secret.Place
---@field path string as `config.secret_access_key`
---@field secret truto.Secret

local function walk(found, seen, values, path, depth)
  if depth > MAX_DEPTH or seen[values] then return end
  seen[values] = true
  for key, value in next, values do
    if type(value) == "table" then
      walk(found, seen, value, names.path(path, key), depth + 1)
    elseif type(value) == "userdata" and secret.is(value) then
      found[#found + 1] = { path = names.path(path, key), secret = value }
    end
  end
end

local function before(a, b) return a.path < b.path end

--- The secrets in a table, by their paths. Each table in it is looked at
--- once, raw, so a cycle or a hostile metatable does no harm.
---@param values table
---@param path string of the table itself; "" if paths begin in it
---@return truto.secret.Place[] found
function M.find(values, path)
  local found = {}
  walk(found, {}, values, path, 1)
  if found[2] then table.sort(found, before) end
  return found
end

return M
