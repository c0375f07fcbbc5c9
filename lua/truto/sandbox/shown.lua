--- Requests and datastores for whoever started the sandbox: everything is
--- shown, but of a secret only that it is there.

local formats = require "truto.config.formats"
local names = require "truto.config.names"
local check = require "truto.config.check"

local M = {}

local HIDDEN = "[secret]"

-- Names of headers whose values are not shown.
local HIDDEN_HEADERS = { "auth", "cookie", "token", "secret", "key",
  "password", "credential", "signature" }

-- An empty text and null (userdata) are not secrets, and good to see.
local function hide(value)
  if value == "" or type(value) == "userdata" then return value end
  if type(value) ~= "table" then return HIDDEN end
  local copy = {}
  for key, inner in next, value do copy[key] = hide(inner) end
  return copy
end

local function field_named(fields, name)
  for _, field in ipairs(fields) do
    if field.name == name then return field end
  end
  return nil
end

local show_fields

local function show_value(field, value)
  if not field then return hide(value) end
  if field.fields and type(value) == "table" then
    return show_fields(field.fields, value)
  elseif field.secret or type(value) == "table" then
    return hide(value)
  elseif field.format == "url" and type(value) == "string" then
    return formats.printable(value) or hide(value)
  end
  return value
end

function show_fields(fields, values)
  local copy = {}
  for key, value in next, values do
    local shown = (type(key) == "number" or names.is_shown(key)) and key
      or "[?]"
    copy[shown] = show_value(field_named(fields, key), value)
  end
  return copy
end

--- A config.
---@param type_name any of an unknown type every value is hidden
---@param config any
---@return any copy
function M.config(type_name, config)
  if type(config) ~= "table" then return hide(config) end
  local shape = check.shape(type_name)
  return show_fields(shape and shape.fields or {}, config)
end

-- Members of a body that are no secrets, whatever they hold.
local PLAIN = { id = true, type = true, label = true, environment_id = true,
  created_at = true, updated_at = true, validation_methods = true }

--- The body of a request, or a datastore.
---@param type_name any of the datastore
---@param members table
---@return table copy
function M.members(type_name, members)
  local copy = {}
  for key, value in next, members do
    if key == "config" then
      copy.config = M.config(type_name, value)
    else
      copy[key] = PLAIN[key] and value or hide(value)
    end
  end
  return copy
end

--- The value of a header.
---@param name string in small letters
---@param value string
---@return string
function M.header(name, value)
  for _, part in ipairs(HIDDEN_HEADERS) do
    if name:find(part, 1, true) then return hide(value) end
  end
  return value
end

return M
