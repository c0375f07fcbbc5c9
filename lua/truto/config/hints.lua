--- What is said about a field that is not documented: which was meant, or
--- where it belongs.

local names = require "truto.config.names"
local shapes = require "truto.config.shapes"

local M = {}

-- Stand beside `config` in the request body, not in it.
local BESIDE = { label = true, config = true, config_secret = true }

--- Names of the known types, in the order of the shapes.
---@return string[]
function M.types()
  local list = {}
  for i = 1, #shapes do list[i] = shapes[i].type end
  return list
end

--- Names of the fields, in their order.
---@param fields truto.config.Field[]
---@return string[]
function M.field_names(fields)
  local list = {}
  for i = 1, #fields do list[i] = fields[i].name end
  return list
end

--- Where in a shape a field of this name stands.
---@param shape truto.config.Shape
---@param name any
---@return string? path `credentials.private_key`; nil if nowhere
function M.place(shape, name)
  for _, field in ipairs(shape.fields) do
    if field.name == name then return name end
    for _, inner in ipairs(field.fields or {}) do
      if inner.name == name then return field.name .. "." .. name end
    end
  end
  return nil
end

--- The field that people mean by a name that they bring from elsewhere.
---@param name any
---@param fields truto.config.Field[]
---@return string? field its name; nil if nobody is known to mean one
function M.meant(name, fields)
  for _, field in ipairs(fields) do
    for _, other in ipairs(field.known_as or {}) do
      if names.is_alike(name, other) then return field.name end
    end
  end
  return nil
end

--- Whether a field of this name is an object, in some type.
---@param name any
---@return boolean
function M.is_object(name)
  for _, shape in ipairs(shapes) do
    for _, field in ipairs(shape.fields) do
      if field.name == name and field.fields then return true end
    end
  end
  return false
end

--- The types, other than one, that have a field of this name.
---@param name any
---@param except? string
---@return string[] list in the order of the shapes
function M.types_with(name, except)
  local list = {}
  for _, shape in ipairs(shapes) do
    if shape.type ~= except and M.place(shape, name) then
      list[#list + 1] = shape.type
    end
  end
  return list
end

local function where_it_belongs(key, shape)
  local place = M.place(shape, key)
  if place then return "; did you mean config." .. place .. "?" end
  if BESIDE[key] then return "; it belongs beside config, not in it" end
  local types = M.types_with(key, shape.type)
  if #types == 0 then return "" end
  return " but of " .. table.concat(types, " and ")
end

--- The message for a key that is none of the fields of its table.
---@param key any
---@param fields truto.config.Field[] of that table
---@param shape truto.config.Shape
---@return string
function M.unknown(key, fields, shape)
  if type(key) == "number" then
    return "is an element of a list; fields have names"
  elseif not names.is_shown(key) then
    return "has a key that is no field name"
  end
  local documented = M.field_names(fields)
  local meant = M.meant(key, fields)
  local belongs = meant and "" or where_it_belongs(key, shape)
  local nearest = meant or names.nearest(key, documented)
  local message = "is not a field of " .. shape.type .. belongs
  if nearest and not belongs:find("?", 1, true) then
    return message .. "; did you mean " .. nearest .. "?"
  elseif belongs == "" and documented[1] then
    return message .. "; documented here: " .. table.concat(documented, ", ")
  end
  return message
end

return M
