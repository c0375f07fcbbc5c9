--- Secrets: values that go to Truto and nowhere else.
---
--- A secret stands wherever a secret string may stand: as the token, in
--- `config_secret`, in config fields that hold secrets, in a header. It is
--- read when first needed, kept in C memory and wiped when collected; a file
--- is looked at for every attempt, and read again when it has changed.
--- `tostring` gives `[secret]`; it cannot be concatenated or serialised, and
--- equals no string.

local core = require "truto.core"
local reader = require "truto.secret.reader"

-- Blames the line that called the function; never repeats the value.
local function expect(good, name, wanted, value)
  if good then return end
  error(("truto.secret%s: %s is expected, not %s"):format(name, wanted,
    type(value) == "string" and "this string" or "a " .. type(value)), 3)
end

local function is_name(value)
  return type(value) == "string" and value ~= ""
    and not value:find("\0", 1, true)
end

local function is_descriptor(value)
  return type(value) == "number" and value % 1 == 0 and value >= 0
    and value <= 65535
end

---@class truto.Secret: userdata
---@field reveal fun(self: truto.Secret): string?, truto.Error

---@class truto.SecretModule
---@overload fun(value: string): truto.Secret
local M = setmetatable({}, {
  __call = function(_, value)
    expect(type(value) == "string", "", "a string", value)
    return core.secret.value(value)
  end,
})

--- The value of an environment variable without its last newline, read once,
--- when needed. Inside nginx a worker sees only variables that nginx.conf
--- names by `env`.
---@param name string
---@return truto.Secret
function M.env(name)
  expect(is_name(name), ".env", "the name of an environment variable", name)
  return core.secret.env(name)
end

--- The content of a file without its last newline. A regular file is looked
--- at for each attempt and read again when it has changed; what cannot be read
--- then, or is empty, is an error then. A pipe is read once; inside nginx,
--- where it would stop the worker, not at all.
---@param path string
---@return truto.Secret
function M.file(path)
  expect(is_name(path), ".file", "the path of a file", path)
  return core.secret.file(path)
end

--- All that a file descriptor gives, without the last newline, read once.
---@param descriptor integer
---@return truto.Secret
function M.fd(descriptor)
  expect(is_descriptor(descriptor), ".fd",
    "the number of a file descriptor, 0 to 65535,", descriptor)
  return core.secret.fd(descriptor)
end

--- All of standard input, without the last newline, read once.
---@return truto.Secret
function M.stdin() return core.secret.fd(0) end

--- What a function returns, called once, when the secret is first needed.
--- The function may yield; it returns a string, or `nil` and a reason.
---@param fn fun(): string?, string?
---@return truto.Secret
function M.call(fn)
  expect(type(fn) == "function", ".call", "a function", fn)
  return core.secret.call(fn)
end

--- What somebody types at the terminal, which does not show it; asked for
--- once, when the secret is first needed.
---@param text string? what to show, as `"S3 secret: "`
---@return truto.Secret
function M.prompt(text)
  expect(text == nil or type(text) == "string", ".prompt", "a string", text)
  return core.secret.prompt(text == nil and "Secret: " or text)
end

--- A secret that is meant as it is, though it looks like a placeholder or
--- has blanks or quotes around it: nothing of it is trimmed, and it is only
--- refused when it is empty.
---@param value string|truto.Secret
---@return truto.Secret
function M.verbatim(value)
  expect(type(value) == "string" or core.secret.is(value), ".verbatim",
    "a string or a secret", value)
  if type(value) == "string" then value = core.secret.value(value) end
  return core.secret.verbatim(value)
end

--- Whether a value is a secret.
---@param value any
---@return boolean
function M.is(value) return core.secret.is(value) end

--- The one way out: the secret's string, or `nil, err` when it cannot be
--- read.
local function reveal(secret)
  local ready, err = reader.load(secret)
  if ready then ready, err = reader.read(secret) end
  if not ready then return nil, err end
  return core.secret.reveal(secret)
end

core.secret.methods.reveal = reveal

return M
