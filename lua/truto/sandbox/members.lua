--- The members that the bodies of requests have (CONTRACT.md, "Routes").

local names = require "truto.config.names"

local M = {}

---@class truto.sandbox.Member
---@field name string
---@field type string Lua's name of the type
---@field expected string in words
---@field required? boolean
---@field of? string Lua's name of the type of a list's elements

local LABEL = { name = "label", type = "string", expected = "a string" }
local CONFIG = { name = "config", type = "table", expected = "an object" }

---@type truto.sandbox.Member[]
local UPDATE_MEMBERS = { LABEL, CONFIG,
  { name = "config_secret", type = "string", expected = "a string" } }

---@type truto.sandbox.Member[]
local CREATE_MEMBERS = {
  { name = "type", type = "string", expected = "a string", required = true },
  { name = "label", type = "string", expected = "a string", required = true },
  { name = "config", type = "table", expected = "an object", required = true },
  { name = "id", type = "string", expected = "a string" },
  { name = "environment_id", type = "string", expected = "a string" },
  { name = "config_secret", type = "string", expected = "a string" },
  { name = "validation_methods", type = "table",
    expected = "a list of strings", of = "string" },
}

-- Members that a datastore has and PATCH does not take.
local FIXED_MEMBERS = {
  id = true,
  type = true,
  environment_id = true,
  created_at = true,
  updated_at = true,
}

local function note(failures, path, code, message)
  failures[#failures + 1] = { path = path, code = code, message = message }
end

-- Whether a value is a list of such elements; an empty object decodes alike.
local function is_list_of(type_name, value)
  for key, element in next, value do
    if type(key) ~= "number" or type(element) ~= type_name then return false end
  end
  return true
end

-- Problems of a body's own members, unknown ones after the known.
local function check(body, members, fixed_members)
  local failures, known, unknown = {}, {}, {}
  for _, member in ipairs(members) do
    local value = body[member.name]
    known[member.name] = true
    if value == nil then
      if member.required then
        note(failures, member.name, "missing_field", "must be there")
      end
    elseif type(value) ~= member.type
      or member.of and not is_list_of(member.of, value) then
      note(failures, member.name, "type_mismatch",
        "expected " .. member.expected)
    end
  end
  for key in next, body do
    if not known[key] then unknown[#unknown + 1] = key end
  end
  table.sort(unknown, names.before)
  for _, key in ipairs(unknown) do
    note(failures, names.path("", key), "unknown_field",
      fixed_members and fixed_members[key] and "cannot be changed"
        or "is not a member of this request")
  end
  return failures
end

--- Problems of the body of a PATCH, but for what is in its config.
---@param body table
---@return truto.Issue[] failures
function M.check_update(body)
  return check(body, UPDATE_MEMBERS, FIXED_MEMBERS)
end

--- Problems of the body of a POST, but for what is in its config.
---@param body table
---@return truto.Issue[] failures
function M.check_create(body) return check(body, CREATE_MEMBERS) end

return M
