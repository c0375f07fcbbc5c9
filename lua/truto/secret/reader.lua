--- Reads secrets from where they come from, and says why one cannot be read.

local callback = require "truto.callback"
local core = require "truto.core"
local errors = require "truto.errors"
local host = require "truto.host"
local words = require "truto.secret.words"

local M = {}

local function unreadable(message)
  return errors.new {
    kind = "setup", code = "secret_unreadable", message = message,
  }
end

local function is_string(value) return type(value) == "string" end

--- Calls the function of a `secret.call` that was not called yet, or gave
--- nothing. The reason that it returns is shown; what it raises is not, since
--- that may hold the secret.
---@param secret truto.Secret
---@return true?
---@return truto.Error? err kind `"setup"`
function M.load(secret)
  local loader, unread = core.secret.loader(secret)
  if not loader then return true end
  local value, problem = callback.ask(loader, is_string, "string")
  if value and not core.secret.fill(unread, value) then
    problem = "returned more than a secret may have, 64 KiB"
  end
  if not problem then return true end
  return nil, unreadable("the function given to secret.call " .. problem)
end

local function missing(secret)
  return errors.new {
    kind = "setup",
    code = "secret_missing",
    message = words.origin(secret) .. " is not set",
  }
end

local BLOCKS = "%s would stop the whole nginx worker until it ends; give a "
  .. "regular file, or a variable"

-- What `core.secret.read` could not do, and why.
local PROBLEMS = {
  absent = function(secret, reason)
    local origin = core.secret.origin(secret)
    if origin == "env" then return missing(secret) end
    if origin == "prompt" then
      return unreadable("there is no terminal to ask for a secret at; give "
        .. "it by secret.env or secret.file")
    end
    return unreadable(("cannot read a secret from %s: %s")
      :format(words.origin(secret), reason))
  end,
  blocks = function(secret)
    return unreadable(BLOCKS:format("to read a secret from "
      .. words.origin(secret, true)))
  end,
  spent = function(secret)
    return unreadable("cannot read a secret from " .. words.origin(secret)
      .. ": an earlier read took part of it")
  end,
  failed = function(secret, reason)
    return unreadable(("cannot read a secret from %s: %s")
      :format(words.origin(secret, true), reason))
  end,
  interrupted = function()
    return errors.new {
      kind = "interrupted", code = "interrupted",
      message = "interrupted by a signal while a secret was asked for",
    }
  end,
}

--- Reads a secret, or sees that what was read is still right. Its function
--- must have been called.
---@param secret truto.Secret
---@return true?
---@return truto.Error? err
function M.read(secret)
  local read, problem, reason =
    core.secret.read(secret, not host.is_nginx_worker())
  if read then return true end
  return nil, PROBLEMS[problem](secret, reason)
end

return M
