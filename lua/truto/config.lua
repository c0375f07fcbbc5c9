--- `truto.config`: helpers for the `config` of a datastore.
---
--- The shapes stand in `truto.config.shapes`; all that is here reads them.

local changes = require "truto.config.changes"
local check = require "truto.config.check"
local errors = require "truto.errors"
local hints = require "truto.config.hints"
local mark = require "truto.config.mark"
local names = require "truto.config.names"
local redact = require "truto.config.redact"
local secret = require "truto.secret"
local service_account = require "truto.config.service_account"
local shapes = require "truto.config.shapes"

---@class truto.ConfigModule
local M = {}

local WHERE = "truto.config."

-- A table like the module's own means a call with a colon.
local function expect(value, expected, where, argument)
  if rawequal(value, M) then
    error(WHERE .. where .. ": call it with a dot, not a colon", 3)
  elseif type(value) ~= expected then
    error(("%s%s: %s must be a %s, not a %s")
      :format(WHERE, where, argument, expected, type(value)), 3)
  end
end

local function copy_raw(source)
  local copy = {}
  for key, value in next, source do copy[key] = value end
  return copy
end

-- Copies and marks; what is in the table is checked later.
local function build(shape, fields)
  local config = copy_raw(fields)
  for _, field in ipairs(shape.fields) do
    local value = config[field.name]
    if field.type == "object" and type(value) == "table" then
      config[field.name] = copy_raw(value)
    end
  end
  return mark.set(config, shape.type)
end

-- The builders: truto.config.s3 { ... } and so on, one for each shape.
for _, shape in ipairs(shapes) do
  M[shape.type] = function(fields)
    expect(fields, "table", shape.type, "the argument")
    return build(shape, fields)
  end
end

-- Values that the options of validate can have, by the options' names.
local VALIDATE_OPTIONS = {
  partial = { [true] = true, [false] = true },
  validate = { [true] = true, warn = true, strict = true },
}
local WANTED = {
  partial = "true or false",
  validate = 'true, "warn" or "strict"',
}

local function check_options(options)
  for key, value in next, options do
    local allowed = VALIDATE_OPTIONS[key]
    if not allowed then
      local shown = names.is_shown(key) and " " .. key or ""
      local nearest = names.nearest(key, { "partial", "validate" })
      error("truto.config.validate: unknown option" .. shown .. "; "
        .. (nearest and "did you mean " .. nearest .. "?"
          or "known are partial and validate"), 3)
    elseif not allowed[value] then
      error("truto.config.validate: option " .. key .. " must be "
        .. WANTED[key], 3)
    end
  end
end

---@class truto.config.ValidateOptions
---@field partial? boolean documented required fields may be missing
---@field validate? true|"warn"|"strict" `"warn"`: refusals are warnings;
---  `"strict"`: warnings are refusals

--- Checks a config as `datastore.update` does, and sends nothing.
---@param type_name? truto.DatastoreType|string `nil`: the mark of a builder, or
---  the fields, say it. An unknown type passes with a warning
---@param config table
---@param options? truto.config.ValidateOptions
---@return true? ok
---@return truto.Error err kind `"validation"`; `issues` has all problems
---@return { warnings: truto.Issue[] } meta
function M.validate(type_name, config, options)
  if type_name ~= nil then expect(type_name, "string", "validate", "type") end
  if options ~= nil then
    expect(options, "table", "validate", "options")
    check_options(options)
  end
  options = options or {}
  local issues, warnings = changes.check_config(config, {
    type = type_name,
    partial = options.partial,
    validate = options.validate,
  })
  local meta = { warnings = warnings }
  if #issues > 0 then return nil, errors.validation(issues), meta end
  return true, nil, meta
end

--- The known types.
---@return truto.DatastoreType[] names a new list, in the order of the reference
function M.types()
  return hints.types()
end

local function shape_of(type_name)
  local shape = check.shape(type_name)
  if shape then return shape end
  return nil, errors.new {
    kind = "validation",
    code = "unknown_type",
    message = "the type is none of " .. table.concat(hints.types(), ", "),
  }
end

local function copy_deep(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, inner in next, value do copy[key] = copy_deep(inner) end
  return copy
end

--- The shape of a type as data, a copy that may be changed.
---@param type_name truto.DatastoreType|string
---@return truto.config.Shape? shape
---@return truto.Error err `unknown_type`
function M.describe(type_name)
  expect(type_name, "string", "describe", "type")
  local shape, err = shape_of(type_name)
  if not shape then return nil, err end
  return copy_deep(shape)
end

local function add_secret_paths(paths, fields, prefix)
  for _, field in ipairs(fields) do
    local path = prefix .. field.name
    if field.secret then paths[#paths + 1] = path end
    if field.fields then add_secret_paths(paths, field.fields, path .. ".") end
  end
  return paths
end

--- Where a config of a type holds secrets. What is below such a path is
--- secret too; the field in it that matters most has a path of its own.
---@param type_name truto.DatastoreType|string
---@return string[]? paths as `credentials.private_key`
---@return truto.Error err `unknown_type`
function M.secret_paths(type_name)
  expect(type_name, "string", "secret_paths", "type")
  local shape, err = shape_of(type_name)
  if not shape then return nil, err end
  return add_secret_paths({}, shape.fields, "")
end

--- A copy for people who print. Hidden as `[secret]` is all that is secret,
--- and all that the type's shape does not know: it may be a secret under a
--- misspelt name. Of an unknown type every value is hidden.
---@param type_name? truto.DatastoreType|string `nil`: the mark of a builder
---@param config table
---@return table copy
function M.redact(type_name, config)
  if type_name ~= nil then expect(type_name, "string", "redact", "type") end
  expect(config, "table", "redact", "config")
  return redact.redact(check.shape(type_name or mark.get(config)), config)
end

--- The credentials in a service-account key file of Google, the private key
--- held as a secret. Wrap it in `assert` inside a table, or its error is lost
--- there.
---@param source string|truto.Secret path of the file; or a secret that holds
---  its content, such as `truto.secret.env "GOOGLE_CREDENTIALS"`
---@return truto.config.ServiceAccount? credentials
---@return truto.Error err kind `"setup"`: `key_file_unreadable`,
---  `key_file_invalid`, or the code of a secret that cannot be read
function M.service_account(source)
  if not secret.is(source) then
    expect(source, "string", "service_account", "path")
  end
  return service_account.read(source)
end

return M
