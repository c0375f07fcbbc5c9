--- What may be repeated in a message. Who mixes up arguments gives a secret
--- where its name or its path belongs, so only what looks like one is shown.

local M = {}

local LONGEST_NAME, LONGEST_PATH = 64, 255

-- How paths begin, as far as it tells them from keys; then a file's suffix.
local BEGINNINGS = { "^/", "^%./", "^%.%./", "^~", "^%a:[/\\]" }
local SUFFIX = "%.%a%w?%w?%w?%w?$"

-- errno of "No such file or directory" and "Not a directory".
local ABSENT = { [2] = true, [20] = true }

--- The name of an environment variable.
---@param name string
---@return string? name nil: not to be shown
function M.variable(name)
  if #name <= LONGEST_NAME and name:find("^[%a_][%w_]*$") then return name end
  return nil
end

--- The path of a file.
---@param path string
---@param exists boolean? something is there
---@return string? path nil: not to be shown
function M.path(path, exists)
  if #path > LONGEST_PATH or path:find("%c") then return nil end
  if exists or path:find(SUFFIX) then return path end
  for _, beginning in ipairs(BEGINNINGS) do
    if path:find(beginning) then return path end
  end
  return nil
end

--- Why `io.open` failed, with the path where it may be shown.
---@param path string
---@param reason string its second result
---@param number integer its third
---@return string text as `/etc/ca.pem: Permission denied`
function M.refusal(path, reason, number)
  local what = reason
  if what:sub(1, #path + 2) == path .. ": " then what = what:sub(#path + 3) end
  return (M.path(path, not ABSENT[number]) or M.HIDDEN) .. ": " .. what
end

M.HIDDEN = "(what was given is not shown, since it does not look like a path)"

return M
