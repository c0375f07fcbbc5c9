--- Secrets: values that go to Truto and nowhere else.
---
--- A secret stands wherever a secret string may stand: as the token, in
--- `config_secret`, in config fields that hold secrets, in a header. It is
--- read when first needed, kept in C memory and wiped when collected; a file
--- is looked at for every attempt, and read again when it has changed.
--- `tostring` gives `[secret]`; it cannot be concatenated or serialised, and
--- equals no string.

local callback = require "truto.callback"
local core = require "truto.core"
local driver = require "truto.driver"
local errors = require "truto.errors"
local shown = require "truto.shown"
local words = require "truto.secret.words"

---@class truto.Secret: userdata
---@field reveal fun(self: truto.Secret): string?, truto.Error?

---@class truto.SecretModule
---@overload fun(value: string): truto.Secret
local M = setmetatable({}, {
  __call = function(_, value) return core.secret.value(value) end,
})

--- The value of an environment variable without its last newline, read once,
--- when needed. Inside nginx a worker sees only variables that nginx.conf
--- names by `env`.
---@param name string
---@return truto.Secret
function M.env(name) return core.secret.env(name) end

--- The content of a file without its last newline. A regular file is looked
--- at for each attempt and read again when it has changed; what cannot be read
--- then, or is empty, is an error then. A pipe is read once; inside nginx,
--- where it would stop the worker, not at all.
---@param path string
---@return truto.Secret
function M.file(path) return core.secret.file(path) end

--- All that a file descriptor gives, without the last newline, read once.
---@param descriptor integer
---@return truto.Secret
function M.fd(descriptor) return core.secret.fd(descriptor) end

--- All of standard input, without the last newline, read once.
---@return truto.Secret
function M.stdin() return core.secret.fd(0) end

--- What a function returns, called once, when the secret is first needed.
--- The function may yield; it returns a string, or `nil` and a reason.
---@param fn fun(): string?, string?
---@return truto.Secret
function M.call(fn) return core.secret.call(fn) end

--- What somebody types at the terminal, which does not show it; asked for
--- once, when the secret is first needed.
---@param text string? what to show, as `"S3 secret: "`
---@return truto.Secret
function M.prompt(text)
  return core.secret.prompt(text == nil and "Secret: " or text)
end

--- A secret that is meant as it is, though it looks like a placeholder or
--- has blanks or quotes around it: nothing of it is trimmed, and it is only
--- refused when it is empty.
---@param value string|truto.Secret
---@return truto.Secret
function M.verbatim(value)
  if type(value) == "string" then value = core.secret.value(value) end
  return core.secret.verbatim(value)
end

--- Whether a value is a secret.
---@param value any
---@return boolean
function M.is(value) return core.secret.is(value) end

local function unreadable(message)
  return errors.new {
    kind = "setup", code = "secret_unreadable", message = message,
  }
end

--- Calls the function of a `secret.call` that was not called yet, or gave
--- nothing. What it raised is not repeated: it may hold the secret.
---@param secret truto.Secret
---@return true?
---@return truto.Error? err kind `"setup"`
function M.load(secret)
  local loader, unread = core.secret.loader(secret)
  if not loader then return true end
  local called, value = callback.protect(loader)
  local problem = not called and "raised an error"
    or type(value) ~= "string" and "returned no string"
    or not core.secret.fill(unread, value)
      and "returned more than a secret may have, 64 KiB"
  if not problem then return true end
  return nil, unreadable("the function given to secret.call " .. problem)
end

local function missing(secret)
  local _, name = core.secret.origin(secret)
  return errors.new {
    kind = "setup",
    code = "secret_missing",
    message = ("%s is not set; inside nginx a worker sees it only if "
      .. "nginx.conf has `env %s;`")
      :format(words.origin(secret), shown.variable(name) or "NAME"),
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
    core.secret.read(secret, not driver.is_nginx_worker())
  if read then return true end
  return nil, PROBLEMS[problem](secret, reason)
end

--- The one way out: the secret's string, or `nil, err` when it cannot be
--- read.
local function reveal(secret)
  local ready, err = M.load(secret)
  if ready then ready, err = M.read(secret) end
  if not ready then return nil, err end
  return core.secret.reveal(secret)
end

core.secret.methods.reveal = reveal

return M
