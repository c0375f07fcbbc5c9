--- The updates of spec/bench/rows.json, as Lua code that makes the tables of
--- one update: a program of a user has such a constructor.

local cjson = require "cjson"

local M = {}

local function read()
  local file = assert(io.open("spec/bench/rows.json", "rb"))
  local text = file:read "*a"
  file:close()
  return cjson.decode(text)
end

-- The secret is a variable of the code, everything else stands in it.
local function constructor(value, secret_name)
  local parts = {}
  for name, member in pairs(value) do
    local text
    if name == secret_name then text = "secret"
    elseif name == "label" then text = "label"
    elseif type(member) == "table" then
      text = constructor(member, secret_name)
    else
      text = ("%q"):format(member)
    end
    parts[#parts + 1] = name .. " = " .. text
  end
  table.sort(parts)
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function find(value, name)
  for key, member in pairs(value) do
    if key == name then return member end
    local found = type(member) == "table" and find(member, name)
    if found then return found end
  end
end

---@class truto.bench.Row
---@field id string
---@field secret? string the value of its one secret field
---@field changes fun(secret: any, number: integer): table a new table

--- One row; raises where it is not there.
---@param name string
---@return truto.bench.Row
function M.get(name)
  local row = assert(read()[name], "spec/bench/rows.json has no such row")
  local code = "local secret, label = ... return "
    .. constructor(row.changes, row.secret)
  local load_text = rawget(_G, "loadstring") or load
  local make = assert(load_text(code))
  local pad = ("x"):rep(row.pad and row.pad + 32 - 1 - 15 or 0)
  return {
    id = row.id,
    secret = row.secret and find(row.changes, row.secret),
    changes = function(secret, number)
      return make(secret, pad .. ("nightly %07d"):format(number))
    end,
  }
end

return M
