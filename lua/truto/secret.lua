--- Secrets: values that go to Truto and nowhere else.
---
--- A secret stands wherever a secret string may stand: as the token, in
--- `config_secret`, in config fields that hold secrets, in a header. It is
--- read when first needed, kept in C memory and wiped when collected.
--- `tostring` gives `[secret]`; it cannot be concatenated or serialised, and
--- equals no string.

local callback = require "truto.callback"
local core = require "truto.core"
local errors = require "truto.errors"

---@class truto.Secret: userdata
---@field reveal fun(self: truto.Secret): string?, truto.Error?

---@class truto.SecretModule
---@overload fun(value: string): truto.Secret
local M = setmetatable({}, {
  __call = function(_, value) return core.secret.value(value) end,
})

--- The value of an environment variable, read when needed.
--- Inside nginx a worker sees only variables that nginx.conf names by `env`.
---@param name string
---@return truto.Secret
function M.env(name) return core.secret.env(name) end

--- The content of a file without its last newline, read when needed.
---@param path string
---@return truto.Secret
function M.file(path) return core.secret.file(path) end

--- All that a file descriptor gives, without the last newline.
---@param descriptor integer
---@return truto.Secret
function M.fd(descriptor) return core.secret.fd(descriptor) end

--- All of standard input, without the last newline.
---@return truto.Secret
function M.stdin() return core.secret.fd(0) end

--- What a function returns, called once, when the secret is first needed.
--- The function may yield; it returns a string, or `nil` and a reason.
---@param fn fun(): string?, string?
---@return truto.Secret
function M.call(fn) return core.secret.call(fn) end

--- Whether a value is a secret.
---@param value any
---@return boolean
function M.is(value) return core.secret.is(value) end

--- Calls the function of a `secret.call` that was not called yet. What it
--- raised is not repeated: it may hold the secret.
---@param secret truto.Secret
---@return true?
---@return truto.Error? err kind `"setup"`
function M.load(secret)
  local loader = core.secret.loader(secret)
  if not loader then return true end
  local called, value = callback.protect(loader)
  local problem = not called and "raised an error"
    or type(value) ~= "string" and "returned no string"
    or not core.secret.fill(secret, value)
      and "returned more than a secret may have, 64 KiB"
  if not problem then return true end
  return nil, errors.new {
    kind = "setup",
    code = "secret_unreadable",
    message = "the function given to secret.call " .. problem,
  }
end

--- The one way out: the secret's string, or `nil, err` when it cannot be
--- read.
local function reveal(secret)
  local loaded, err = M.load(secret)
  if not loaded then return nil, err end
  local value, failure = core.secret.reveal(secret)
  if not value then return nil, errors.new(failure) end
  return value
end

core.secret.methods.reveal = reveal

return M
