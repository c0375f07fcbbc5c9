--- The changes of an update as a whole: `label`, `config`, `config_secret`
--- (reference page, "Request body").

local check = require "truto.config.check"
local content = require "truto.config.content"
local formats = require "truto.config.formats"
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

local function note(list, path, code, message)
  list[#list + 1] = { path = path, code = code, message = message }
end

local function append(list, more)
  for i = 1, #more do list[#list + 1] = more[i] end
end

local function mismatch(issues, path, expected, value)
  note(issues, path, "type_mismatch", ("expected %s, received %s")
    :format(expected, check.received(value, content.scan())))
end

local function check_label(issues, label)
  if label ~= nil and type(label) ~= "string" then
    mismatch(issues, "label", "a string", label)
  end
end

local function check_config_secret(issues, findings, value)
  if type(value) == "string" then
    if formats.is_mask(value) then
      note(findings, "config_secret", "masked_secret", check.MASKED)
    end
  elseif value ~= nil and not secret.is(value) then
    mismatch(issues, "config_secret", "a string or a secret", value)
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

local function check_names(issues, changes)
  local unknown, count = {}, 0
  for key in next, changes do
    count = count + 1
    if not IS_FIELD[key] then unknown[#unknown + 1] = key end
    if count > check.MAX_KEYS then
      note(issues, "changes", "unknown_field",
        ("has more than %d fields; there are %s")
        :format(check.MAX_KEYS, table.concat(FIELDS, ", ")))
      return
    end
  end
  if count == 0 then
    note(issues, "changes", "empty_changes",
      "is empty; give at least one of " .. table.concat(FIELDS, ", "))
  end
  if unknown[2] then table.sort(unknown, names.before) end
  for i = 1, #unknown do
    local path = names.path("", unknown[i])
    note(issues, path, "unknown_field",
      path == unknown[i] and hint(path) or "is a key that is no field name")
  end
end

---@class truto.config.CheckOptions
---@field validate? boolean|"warn" `nil` is `true`
---@field type? string
---@field partial? boolean

--- Checks the changes of an update. Whatever `validate` is, their names and
--- types must be right: `validate` is about what is in them.
---@param changes table read raw, so it may be hostile
---@param options truto.config.CheckOptions
---@return truto.Issue[] issues all problems, in a stable order
---@return truto.Issue[] warnings
function M.check(changes, options)
  local issues, warnings = {}, {}
  local validate = options.validate
  local findings = issues
  if validate == "warn" then findings = warnings end
  if validate == false then findings = {} end
  check_label(issues, rawget(changes, "label"))
  local config = rawget(changes, "config")
  if config ~= nil and type(config) ~= "table" then
    mismatch(issues, "config", "a table", config)
  elseif config and validate ~= false then
    local found, noted = content.check(config, options.type, options.partial)
    append(findings, found)
    append(warnings, noted)
  end
  check_config_secret(issues, findings, rawget(changes, "config_secret"))
  check_names(issues, changes)
  return issues, warnings
end

return M
