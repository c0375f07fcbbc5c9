--- What is made of the list of codes, lua/truto/codes.lua: the chapter on
--- errors, and the alias for editors.

local codes = require "truto.codes"

local M = {}

local TOP = [[
# Errors, issues and warnings

Each `code` that truto gives, what it means, and what to do. The first eight
tables are of `err.code`, by `err.kind`; those of `validation` are also the
codes of `err.issues`. The last one is of `meta.warnings`; `validate = "warn"`
brings the issues of a config there as well. The list as data is
[codes.lua](codes.lua), `require "truto.codes"`, of which this page is made.

A code is a stable symbol: a program may branch on it, and on `kind`,
`outcome` and `retryable`. A message is for people and may change.
]]

local function table_of(kind)
  local lines = {
    ("\n## `%s`\n\n%s.\n"):format(kind.kind,
      (kind.meaning:gsub("^%l", string.upper))),
    "| `code` | what it means | what to do |", "| --- | --- | --- |",
  }
  for _, row in ipairs(kind.codes) do
    lines[#lines + 1] = ("| `%s` | %s | %s |"):format(row[1], row[2], row[3])
  end
  return table.concat(lines, "\n") .. "\n"
end

local function chapter()
  local parts = { TOP }
  for _, kind in ipairs(codes) do parts[#parts + 1] = table_of(kind) end
  return table.concat(parts)
end

--- The alias with all codes, once each.
local function alias()
  local lines, seen = {}, {}
  for _, kind in ipairs(codes) do
    for _, row in ipairs(kind.codes) do
      if not seen[row[1]] then
        lines[#lines + 1] = ('---| "%s"\n'):format(row[1])
      end
      seen[row[1]] = true
    end
  end
  return table.concat(lines)
end

local ALIAS_TOP = [[
---@meta
--- The codes for editors, made of lua/truto/codes.lua; never loaded.

---@alias truto.Code
]]

--- Each file that is made of the list, and its text as it must be.
---@return table<string, string>
function M.files()
  return {
    ["lua/truto/ERRORS.md"] = chapter(),
    ["lua/truto/code_names.lua"] = ALIAS_TOP .. alias(),
  }
end

return M
