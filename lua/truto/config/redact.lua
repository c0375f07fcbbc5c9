--- A config for people who print: what the shape does not call public is
--- hidden.

local formats = require "truto.config.formats"
local names = require "truto.config.names"

local M = {}

local HIDDEN = "[secret]"

local SHOWS = {
  string = function(value) return type(value) == "string" end,
  integer = function(value) return type(value) == "number" end,
  object = function() return false end,
}

local function show(field, value)
  if field.secret or not SHOWS[field.type](value) then return HIDDEN end
  if field.format ~= "url" then return value end
  return formats.printable(value) or HIDDEN
end

--- A plain copy of a config in which every value is hidden that is secret,
--- stands under an unknown name, or is not of its field's type.
---@param shape? truto.config.Shape nil: all values are hidden
---@param config table
---@return table copy
function M.redact(shape, config)
  local copy, fields = {}, {}
  for _, field in ipairs(shape and shape.fields or {}) do
    fields[field.name] = field
  end
  for key, value in next, config do
    local field = fields[key]
    if field then
      copy[key] = show(field, value)
    else
      copy[names.is_shown(key) and key or "[?]"] = HIDDEN
    end
  end
  return copy
end

return M
