--- The mark that a builder leaves on its table: which type it is of.
---
--- A metatable without metamethods: it does not show when the table is
--- iterated or compared, and needs no registry. It is known by its name, so
--- that a second copy of the module knows it too.

local shapes = require "truto.config.shapes"

local M = {}

local PREFIX = "truto.config."

local MARKS, TYPES = {}, {}
for _, shape in ipairs(shapes) do
  MARKS[shape.type] = { __name = PREFIX .. shape.type }
  TYPES[PREFIX .. shape.type] = shape.type
end

--- Marks a table.
---@param config table
---@param type_name string a known type
---@return table config the same
function M.set(config, type_name)
  return setmetatable(config, MARKS[type_name])
end

--- The type a table is marked with.
---@param config any
---@return string? type_name nil for a table without mark
function M.get(config)
  local metatable = type(config) == "table" and getmetatable(config)
  if type(metatable) ~= "table" then return nil end
  return TYPES[rawget(metatable, "__name") or ""]
end

return M
