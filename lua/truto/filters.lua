--- What a list is filtered by: a Lua table becomes the query.
---
--- | filter | query |
--- | --- | --- |
--- | `type = "s3"` | `type=s3` |
--- | `id = { "a", "b" }` | `id[in]=a,b` |
--- | `created_at = { gt = "2024-09-01" }` | `created_at[gt]=2024-09-01` |
--- | `limit = 100` | `limit=100` |

local names = require "truto.config.names"

local M = {}

-- Only here an empty text has a meaning: the first page; see
-- lua/truto/sandbox/CONTRACT.md.
local MAY_BE_EMPTY = { next_cursor = true }

-- Whole numbers up to here are exact in a double.
local EXACT = 2 ^ 53

local function note(issues, path, code, message)
  issues[#issues + 1] = { path = path, code = code, message = message }
end

-- The text of one value; nil with the issue noted.
local function text_of(issues, path, value)
  if type(value) == "boolean" then return tostring(value) end
  if type(value) == "number" and value % 1 == 0
    and math.abs(value) <= EXACT then
    return ("%d"):format(value)
  end
  if type(value) == "string" then return value end
  note(issues, path, "type_mismatch", "expected a string, a whole number, "
    .. "true or false, received a " .. type(value))
end

-- An empty filter may be none for the server, and then finds everything.
local function scalar(issues, path, value, may_be_empty)
  local text = text_of(issues, path, value)
  if text ~= "" or may_be_empty then return text end
  note(issues, path, "empty_filter", "is empty, which could find everything")
end

local function joined(issues, path, list)
  local texts = {}
  for i = 1, #list do
    local at = ("%s[%d]"):format(path, i)
    local text = scalar(issues, at, list[i])
    if text and text:find(",", 1, true) then
      note(issues, at, "invalid_value", "must not have a comma, which "
        .. "separates the values of a list")
    end
    texts[i] = text or ""
  end
  return table.concat(texts, ",")
end

local function value_text(issues, path, value)
  if type(value) == "table" then return joined(issues, path, value) end
  return scalar(issues, path, value)
end

-- Whether each key is a position, none is, or both sorts are there.
local function sorts_of_keys(value)
  local positions, names_too = false, false
  for key in next, value do
    if type(key) == "number" then positions = true else names_too = true end
  end
  return positions, names_too
end

-- `{ gt = "x" }`, or a list, which stands for the operator `in`.
local function add_table(query, issues, path, name, value)
  local is_list, has_names = sorts_of_keys(value)
  if is_list and has_names then
    note(issues, path, "mixed_table", "is a list and has names as well")
  elseif is_list then
    query[#query + 1] = { name .. "[in]", joined(issues, path, value) }
  elseif not has_names then
    note(issues, path, "empty_filter", "is an empty table, which could find "
      .. "everything")
  else
    for operator, operand in next, value do
      local at = names.path(path, operator)
      if type(operator) == "string" then
        query[#query + 1] =
          { name .. "[" .. operator .. "]", value_text(issues, at, operand) }
      else
        note(issues, at, "unknown_field", "is a key that is not an operator")
      end
    end
  end
end

local function add(query, issues, name, value)
  local path = names.path("filters", name)
  if type(name) ~= "string" or name == "" then
    note(issues, path, "unknown_field", "is a key that is not a field's name")
  elseif name == "limit" and not (type(value) == "number" and value >= 1) then
    note(issues, path, "out_of_range", "must be a whole number above 0")
  elseif type(value) == "table" then
    add_table(query, issues, path, name, value)
  else
    query[#query + 1] =
      { name, scalar(issues, path, value, MAY_BE_EMPTY[name]) }
  end
end

local function before(a, b) return a[1] < b[1] end

--- Makes the query of filters, in a stable order. Read raw; a field that the
--- API may have and truto does not know is passed on.
---@param values any[] the filters first, or nil
---@return truto.operations.Check
function M.check(values)
  local query, issues = {}, {}
  for name, value in next, values[1] or {} do
    add(query, issues, name, value)
  end
  table.sort(query, before)
  table.sort(issues, function(a, b) return a.path < b.path end)
  return { issues = issues, warnings = {}, values = { query } }
end

return M
