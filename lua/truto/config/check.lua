--- The one checker: holds a config against the shape of its type.
---
--- Pure Lua, so that the sandbox's server and the client run the same lines.
--- Tables are read raw and never further than the shape goes: metamethods are
--- not called, a cycle or a table of a million keys costs nothing.

local doubts = require "truto.config.doubts"
local formats = require "truto.config.formats"
local hints = require "truto.config.hints"
local names = require "truto.config.names"
local shapes = require "truto.config.shapes"

local next, rawget, type = next, rawget, type

local M = {}

--- Keys looked at in one table. No type has nearly as many.
M.MAX_KEYS = 64

--- Said of tables that are empty by mistake.
M.NIL = "a nil in a Lua table is not a field"

--- Message of `null_unknown`.
M.NULL = "is null; what Truto does with it is not documented"

--- Message of `empty_secret` for null.
M.NULL_SECRET = "is null, which is not a secret; leave it out to keep the "
  .. "stored one"

---@class truto.config.Scan
---@field shape truto.config.Shape
---@field config table
---@field is_secret? fun(value: any): boolean asked about userdata only
---@field judge? fun(text: string, is_key: boolean): string?, string? code and
---  message for what stands in a secret field; nil: any text passes
---@field null? any the value that is JSON null, to name it in messages
---@field partial? boolean a missing field is no problem
---@field issues? truto.Issue[] set by `run`
---@field warnings? truto.Issue[] set by `run`

--- The shape of a type.
---@param type_name any
---@return truto.config.Shape? shape nil for an unknown type
function M.shape(type_name)
  for i = 1, #shapes do
    if shapes[i].type == type_name then return shapes[i] end
  end
  return nil
end

--- What a value is, in words; nothing of the value itself.
---@param value any
---@param scan truto.config.Scan
---@return string words with their article
function M.received(value, scan)
  local kind = type(value)
  if scan.null ~= nil and rawequal(value, scan.null) then
    return "null"
  elseif kind == "userdata" and scan.is_secret and scan.is_secret(value) then
    return "a secret"
  elseif kind == "number" and value ~= value then
    return "a number that is NaN"
  elseif kind == "number" and value ~= math.floor(value) then
    return "a number with a fraction"
  elseif kind == "userdata" then
    return "userdata"
  end
  return "a " .. kind
end

local function note(list, path, code, message)
  list[#list + 1] = { path = path, code = code, message = message }
end

local function mismatch(scan, path, value, expected, more)
  note(scan.issues, path, "type_mismatch", ("expected %s, received %s%s")
    :format(expected, M.received(value, scan), more or ""))
end

-- Made only where it is needed: most fields are right.
local function at(path, field)
  return path .. "." .. field.name
end

local function warn(scan, field, path, doubt)
  note(scan.warnings, at(path, field), doubt.code, doubt.message)
end

-- A value of a type that the field cannot have. Nobody types a null by
-- accident, so it passes where it does no certain harm.
local function check_stranger(scan, field, path, value, expected, more)
  path = at(path, field)
  if scan.null == nil or not rawequal(value, scan.null) then
    mismatch(scan, path, value, expected, more)
  elseif field.secret then
    note(scan.issues, path, "empty_secret", M.NULL_SECRET)
  else
    note(scan.warnings, path, "null_unknown", M.NULL)
  end
end

local function check_url(scan, field, path, value, values)
  local host, port, rest, has_user = formats.url(value)
  if not host then
    note(scan.issues, at(path, field), "invalid_url",
      "must be an absolute URL, as https://host/path or http://host:port")
    return
  end
  if field.ended and formats.is_below(host, field.ended.host) then
    note(scan.warnings, at(path, field), "service_ended", field.ended.message)
  end
  local found = doubts.url(field, values, value, host, port, rest, has_user)
  for i = 1, found and #found or 0 do warn(scan, field, path, found[i]) end
end

-- Whether there was something to note.
local function check_secret(scan, field, path, value)
  local code, message
  if scan.judge then
    code, message = scan.judge(value, field.format == "private_key")
  end
  if not code then return false end
  note(code == "dirty_secret" and scan.warnings or scan.issues,
    at(path, field), code, message)
  return true
end

local function check_text(scan, field, path, value, values)
  if field.format == "url" then
    check_url(scan, field, path, value, values)
  elseif field.value and value ~= field.value then
    note(scan.issues, at(path, field), "invalid_value",
      ("must be \"%s\""):format(field.value))
  elseif field.secret and check_secret(scan, field, path, value) then
    return
  elseif field.doubts then
    local doubt = doubts.text(field.doubts, value)
    if doubt then warn(scan, field, path, doubt) end
  end
end

local walk

-- One function for each type a field can have. `values` has the field;
-- `secret`: the field, or the object it is in, is one.
local CHECKS = {}

function CHECKS.string(scan, field, path, value, values, secret)
  local kind = type(value)
  if kind == "string" then
    if field.secret or field.format or field.value or field.doubts then
      check_text(scan, field, path, value, values)
    end
  elseif kind == "userdata" and scan.is_secret and scan.is_secret(value) then
    if not secret then
      mismatch(scan, at(path, field), value, "a string",
        "; this field is not secret and answers show it: give a string")
    end
  else
    check_stranger(scan, field, path, value, secret and "a string or a secret"
      or "a string")
  end
end

function CHECKS.integer(scan, field, path, value, values)
  if type(value) ~= "number" or value ~= math.floor(value) then
    check_stranger(scan, field, path, value, "an integer")
  elseif field.minimum
    and (value < field.minimum or value > field.maximum) then
    note(scan.issues, at(path, field), "out_of_range",
      ("must be from %d to %d"):format(field.minimum, field.maximum))
  else
    local doubt = doubts.port(field, value, values)
    if doubt then warn(scan, field, path, doubt) end
  end
end

function CHECKS.object(scan, field, path, value, _, secret)
  if type(value) == "table" then
    if field.required and next(value) == nil then
      note(scan.issues, at(path, field), "missing_field",
        "is empty; " .. M.NIL)
    end
    walk(scan, field, value, at(path, field), secret)
  else
    check_stranger(scan, field, path, value, "an object (a table)")
  end
end

local function check_pair(scan, field, path, values)
  local whole = rawget(values, field.name) ~= nil
  if whole == (rawget(values, field.pair) ~= nil) then return end
  local given, absent = field.name, field.pair
  if not whole then given, absent = absent, given end
  note(scan.warnings, path .. "." .. given, "half_credential_pair",
    ("is given without %s; the stored %s stays"):format(absent, absent))
end

local function note_missing(scan, field, path)
  note(scan.issues, at(path, field), "missing_field",
    ("a %s config must bring it (%s); partial = true leaves it out")
    :format(scan.shape.type, field.description))
end

-- The keys of `values` that are not fields, in a stable order; nil if there
-- are more than MAX_KEYS keys at all.
local function unknown_keys(owner, values)
  local documented, unknown, count = {}, {}, 0
  for _, field in ipairs(owner.fields) do documented[field.name] = true end
  for _, name in ipairs(owner.tolerates or {}) do documented[name] = true end
  for key in next, values do
    count = count + 1
    if count > M.MAX_KEYS then return nil end
    if not documented[key] then unknown[#unknown + 1] = key end
  end
  table.sort(unknown, names.before)
  return unknown
end

local function note_unknown(scan, owner, values, path)
  local fields = owner.fields
  local unknown = unknown_keys(owner, values)
  if not unknown then
    note(scan.issues, path, "unknown_field",
      ("has more than %d fields, %d are documented")
      :format(M.MAX_KEYS, #fields))
    return
  end
  for i = 1, #unknown do
    note(scan.issues, names.path(path, unknown[i]), "unknown_field",
      hints.unknown(unknown[i], fields, scan.shape))
  end
end

-- `owner`: the shape, or the field that is an object.
function walk(scan, owner, values, path, secret)
  local known, fields = 0, owner.fields
  for i = 1, #fields do
    local field = fields[i]
    local value = rawget(values, field.name)
    if value ~= nil then
      known = known + 1
      CHECKS[field.type](scan, field, path, value, values,
        secret or field.secret)
    elseif field.required and not scan.partial then
      note_missing(scan, field, path)
    end
    if field.pair then check_pair(scan, field, path, values) end
  end
  local key = next(values)
  for _ = 1, known do key = next(values, key) end
  if key == nil then return end
  note_unknown(scan, owner, values, path)
end

--- Holds a config against a shape and finds every problem, in the order of
--- the shape's fields, unknown fields after the known ones of their table.
---@param scan truto.config.Scan what to check; `issues` and `warnings` are set
---@return truto.Issue[] issues empty if there is none
---@return truto.Issue[] warnings
function M.run(scan)
  scan.issues, scan.warnings = {}, {}
  if type(scan.config) == "table" then
    walk(scan, scan.shape, scan.config, "config")
  else
    mismatch(scan, "config", scan.config, "an object (a table)")
  end
  return scan.issues, scan.warnings
end

return M
