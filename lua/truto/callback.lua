--- Calls the functions that users hand in.

local errors = require "truto.errors"

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
---@return any second result
function M.protect(fn, ...)
  local returned, result, second = pcall(fn, ...)
  if not returned and type(result) == "string"
    and (result == INTERRUPTED or result:find(":%d+: interrupted!$")) then
    error(INTERRUPTED, 0)
  end
  return returned, result, second
end

-- Bytes of a reason that are shown.
local LONGEST_REASON = 200

local function text_of(reason)
  if errors.is(reason) then return tostring(reason) end
  if type(reason) ~= "string" then return nil end
  return (reason:sub(1, LONGEST_REASON):gsub("%c", "?"))
end

--- Asks a function of the user for a value. The reason that it returns for
--- having none, `nil, "vault sealed"`, was written for people and is shown;
--- what it raises is not, since that may hold anything.
---@param fn fun(): any, any
---@param accepts fun(value: any): boolean
---@param wanted string what `accepts` takes, as `"string"`
---@return any value
---@return string? problem what the function did instead
function M.ask(fn, accepts, wanted)
  local returned, value, reason = M.protect(fn)
  if not returned then return nil, "raised an error" end
  if accepts(value) then return value end
  local problem = "returned no " .. wanted
  local text = value == nil and text_of(reason)
  return nil, text and problem .. ": " .. text or problem
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
