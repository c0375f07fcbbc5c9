--- Calls the functions that users hand in.

local M = {}

local FAILED = "callback_failed"

-- What the standalone interpreter raises wherever Lua code runs.
local INTERRUPTED = "interrupted!"

--- As `pcall`, but Ctrl-C goes on, without anything that the function may
--- have put into the error.
---@param fn function
---@param ... any
---@return boolean returned
---@return any result, or what was raised
function M.protect(fn, ...)
  local returned, result = pcall(fn, ...)
  if not returned and type(result) == "string"
    and (result == INTERRUPTED or result:find(":%d+: interrupted!$")) then
    error(INTERRUPTED, 0)
  end
  return returned, result
end

local function is_reported(name, warnings)
  for _, warning in ipairs(warnings) do
    if warning.path == name and warning.code == FAILED then return true end
  end
  return false
end

--- Calls a function whose error must not change what a call does. The error
--- becomes one warning, without its text, since that may hold anything. The
--- function may yield where the VM lets `pcall` yield (not Lua 5.1).
---@param name string of the option that the function came in
---@param callback function
---@param argument any
---@param warnings truto.Issue[] gets the warning
function M.call(name, callback, argument, warnings)
  if M.protect(callback, argument) or is_reported(name, warnings) then
    return
  end
  warnings[#warnings + 1] = {
    path = name,
    code = FAILED,
    message = "the function given as " .. name
      .. " raised an error, which was ignored",
  }
end

return M
