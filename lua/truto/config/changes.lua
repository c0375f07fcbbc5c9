--- The body of an update or a creation as a whole: its fields, and the config
--- among them (reference page, "Request body"; lua/truto/sandbox/CONTRACT.md).

local check = require "truto.config.check"
local content = require "truto.config.content"
local hints = require "truto.config.hints"
local names = require "truto.config.names"
local secret = require "truto.secret"

local M = {}

---@class truto.config.Form what a body may have
---@field name string of the argument, for messages
---@field fields string[]
---@field is_field table<string, true>
---@field fixed table<string, string> what a datastore has and the body must not

local function form(name, fields, fixed)
  local is_field = {}
  for _, field in ipairs(fields) do is_field[field] = true end
  return { name = name, fields = fields, is_field = is_field, fixed = fixed }
end

local CHANGES = form("changes", { "label", "config", "config_secret" }, {
  id = "stands in the path and cannot be changed",
  type = "cannot be changed; options.type names it for the checks",
  environment_id = "cannot be changed",
  created_at = "is set by the server",
  updated_at = "is set by the server",
})

local CREATION = form("fields", {
  "type", "label", "config", "id", "environment_id", "config_secret",
  "validation_methods",
}, {
  created_at = "is set by the server",
  updated_at = "is set by the server",
})

-- What `validate = "warn"` refuses all the same: it would wipe what is stored.
local ALWAYS_REFUSED = { empty_secret = true }

---@class truto.config.Report
---@field validate? boolean|"warn"|"strict"
---@field issues truto.Issue[]
---@field warnings truto.Issue[]

local function new_report(validate)
  return { validate = validate, issues = {}, warnings = {} }
end

local function append(list, one) list[#list + 1] = one end

local function issue(path, code, message)
  return { path = path, code = code, message = message }
end

-- A problem of content, which `validate` is about.
local function add_finding(report, found)
  local validate = report.validate
  if validate == false then return end
  local warns = validate == "warn" and not ALWAYS_REFUSED[found.code]
  append(warns and report.warnings or report.issues, found)
end

-- What passes, but for `validate = "strict"`.
local function add_doubt(report, found)
  local validate = report.validate
  if validate == false then return end
  append(validate == "strict" and report.issues or report.warnings, found)
end

local function mismatch(report, path, expected, value)
  append(report.issues, issue(path, "type_mismatch",
    ("expected %s, received %s"):format(expected,
      check.received(value, content.scan()))))
end

local function is_null(value)
  return rawequal(value, content.scan().null)
end

local function check_label(report, label)
  if label == nil or type(label) == "string" then return end
  if is_null(label) then
    add_doubt(report, issue("label", "null_unknown", check.NULL))
  else
    mismatch(report, "label", "a string", label)
  end
end

local function check_content(report, config, options)
  if report.validate == false then return end
  local found, doubts = content.check(config, options.type, options.partial)
  for i = 1, #found do add_finding(report, found[i]) end
  for i = 1, #doubts do add_doubt(report, doubts[i]) end
end

local function is_empty(config)
  for key, value in next, config do
    if not hints.is_object(key) or type(value) ~= "table"
      or next(value) ~= nil then
      return false
    end
  end
  return true
end

-- What a nil in a table constructor leaves: an update that changes nothing.
local function changes_nothing(changes, config)
  return rawget(changes, "label") == nil
    and rawget(changes, "config_secret") == nil and is_empty(config)
end

local function check_config(report, changes, options)
  local config = rawget(changes, "config")
  if type(config) == "table" then
    if changes_nothing(changes, config) then
      add_finding(report, issue("config", "empty_changes",
        "is empty, so the update would change nothing; " .. check.NIL))
    else
      check_content(report, config, options)
    end
  elseif config ~= nil then
    mismatch(report, "config", "a table", config)
  end
end

local function check_config_secret(report, value)
  if value == nil or secret.is(value) then return end
  if type(value) == "string" then
    local code, message = content.judge(value)
    local add = code == "dirty_secret" and add_doubt or add_finding
    if code then add(report, issue("config_secret", code, message)) end
  elseif is_null(value) then
    add_finding(report,
      issue("config_secret", "empty_secret", check.NULL_SECRET))
  else
    mismatch(report, "config_secret", "a string or a secret", value)
  end
end

local function hint(body, key)
  if body.fixed[key] then return body.fixed[key] end
  local message = "is not a field of " .. body.name
  if #hints.types_with(key) > 0 then
    return message .. "; it belongs in config"
  end
  local nearest = names.nearest(key, body.fields)
  if nearest then return message .. "; did you mean " .. nearest .. "?" end
  return message .. "; there are " .. table.concat(body.fields, ", ")
end

local function check_names(report, values, body)
  local unknown, count = {}, 0
  for key in next, values do
    count = count + 1
    if not body.is_field[key] then unknown[#unknown + 1] = key end
    if count > check.MAX_KEYS then
      append(report.issues, issue(body.name, "unknown_field",
        ("has more than %d fields; there are %s")
        :format(check.MAX_KEYS, table.concat(body.fields, ", "))))
      return
    end
  end
  if count == 0 and body == CHANGES then
    append(report.issues, issue("changes", "empty_changes",
      "is empty; give at least one of " .. table.concat(body.fields, ", ")
        .. "; " .. check.NIL))
  end
  if unknown[2] then table.sort(unknown, names.before) end
  for i = 1, #unknown do
    local path = names.path("", unknown[i])
    append(report.issues, issue(path, "unknown_field", path == unknown[i]
      and hint(body, path) or "is a key that is no field name"))
  end
end

-- A text that may be absent, or must not be.
local function check_text(report, values, name, required)
  local value = rawget(values, name)
  if value == nil then
    if required then
      append(report.issues, issue(name, "missing_field", "must be there"))
    end
  elseif type(value) ~= "string" then
    mismatch(report, name, "a string", value)
  elseif value == "" then
    append(report.issues, issue(name, "invalid_value", "must not be empty"))
  end
end

local function check_validation_methods(report, methods)
  if methods == nil then return end
  if type(methods) ~= "table" then
    mismatch(report, "validation_methods", "a list of strings", methods)
    return
  end
  for key, value in next, methods do
    if type(key) ~= "number" or type(value) ~= "string" then
      mismatch(report, names.path("validation_methods", key), "a string",
        value)
    end
  end
end

---@class truto.config.CheckOptions
---@field validate? boolean|"warn"|"strict" `nil` is `true`
---@field type? string
---@field partial? boolean

--- Checks the changes of an update. Whatever `validate` is, their names and
--- types must be right: `validate` is about what is in them.
---@param changes table read raw, so it may be hostile
---@param options truto.config.CheckOptions
---@return truto.Issue[] issues all problems, in a stable order
---@return truto.Issue[] warnings
function M.check(changes, options)
  local report = new_report(options.validate)
  check_label(report, rawget(changes, "label"))
  check_config(report, changes, options)
  check_config_secret(report, rawget(changes, "config_secret"))
  check_names(report, changes, CHANGES)
  return report.issues, report.warnings
end

--- Checks the fields that a datastore is created with, as those of an update;
--- its config by the type that they name.
---@param fields table read raw, so it may be hostile
---@param options truto.config.CheckOptions
---@return truto.Issue[] issues all problems, in a stable order
---@return truto.Issue[] warnings
function M.check_creation(fields, options)
  local report = new_report(options.validate)
  local named, config = rawget(fields, "type"), rawget(fields, "config")
  check_text(report, fields, "type", true)
  check_text(report, fields, "label", true)
  check_text(report, fields, "id")
  check_text(report, fields, "environment_id")
  if type(config) == "table" then
    check_content(report, config,
      { type = type(named) == "string" and named or nil })
  elseif config == nil then
    append(report.issues, issue("config", "missing_field", "must be there"))
  else
    mismatch(report, "config", "a table", config)
  end
  check_config_secret(report, rawget(fields, "config_secret"))
  check_validation_methods(report, rawget(fields, "validation_methods"))
  check_names(report, fields, CREATION)
  return report.issues, report.warnings
end

--- Checks a config alone.
---@param config any
---@param options truto.config.CheckOptions
---@return truto.Issue[] issues
---@return truto.Issue[] warnings
function M.check_config(config, options)
  local report = new_report(options.validate)
  check_content(report, config, options)
  return report.issues, report.warnings
end

return M
