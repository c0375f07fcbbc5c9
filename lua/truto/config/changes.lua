--- The changes of an update as a whole: `label`, `config`, `config_secret`
--- (reference page, "Request body").

local check = require "truto.config.check"
local content = require "truto.config.content"
local hints = require "truto.config.hints"
local names = require "truto.config.names"
local secret = require "truto.secret"

local M = {}

local FIELDS = { "label", "config", "config_secret" }
local IS_FIELD = { label = true, config = true, config_secret = true }

-- Members of a datastore that an update does not take.
local FIXED = {
  id = "stands in the path and cannot be changed",
  type = "cannot be changed; options.type names it for the checks",
  environment_id = "cannot be changed",
  created_at = "is set by the server",
  updated_at = "is set by the server",
}

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

local function hint(key)
  if FIXED[key] then return FIXED[key] end
  if #hints.types_with(key) > 0 then
    return "is not a field of changes; it belongs in config"
  end
  local nearest = names.nearest(key, FIELDS)
  if nearest then
    return "is not a field of changes; did you mean " .. nearest .. "?"
  end
  return "is not a field of changes; there are " .. table.concat(FIELDS, ", ")
end

local function check_names(report, changes)
  local unknown, count = {}, 0
  for key in next, changes do
    count = count + 1
    if not IS_FIELD[key] then unknown[#unknown + 1] = key end
    if count > check.MAX_KEYS then
      append(report.issues, issue("changes", "unknown_field",
        ("has more than %d fields; there are %s")
        :format(check.MAX_KEYS, table.concat(FIELDS, ", "))))
      return
    end
  end
  if count == 0 then
    append(report.issues, issue("changes", "empty_changes",
      "is empty; give at least one of " .. table.concat(FIELDS, ", ")
        .. "; " .. check.NIL))
  end
  if unknown[2] then table.sort(unknown, names.before) end
  for i = 1, #unknown do
    local path = names.path("", unknown[i])
    append(report.issues, issue(path, "unknown_field",
      path == unknown[i] and hint(path) or "is a key that is no field name"))
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
  check_names(report, changes)
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
