--- What is said about the bytes of a secret: the words for what
--- `core.secret.judge` finds.

local core = require "truto.core"
local shown = require "truto.shown"

local M = {}

local MEANT = "; truto.secret.verbatim says that it is meant so"

local WORDS = {
  empty_secret = "is empty; sent, it would wipe the one that is stored",
  placeholder_secret = "is a mask or a placeholder, not the secret itself",
  dirty_secret = {
    utf16 = "has NUL bytes, as UTF-16 has them; save it as UTF-8",
    byte_order_mark = "begins with a byte order mark; save it without one",
    quotes = "stands in quotes, which would be sent with it",
    assignment = "is a line NAME=value; give the value alone",
    blanks = "has blanks or a line end around it, which would be sent with it",
    invisible = "has characters that nobody sees, such as a space of no width",
    control = "has control characters",
  },
  invalid_private_key = {
    escaped_newlines = "has \\n, a backslash and an n, where lines must end;"
      .. " a shell or an env file left them so: make them newlines",
    no_newlines = "has no line ends: each line of the key must stand on its"
      .. " own",
    quotes = "stands in quotes; give what is between them",
    certificate = "is a certificate or a public key; give the private key",
    encrypted = "is encrypted, and Truto has no field for its pass phrase",
    cut_off = "is cut off: its BEGIN or END line is missing",
    no_key = "has no BEGIN and END PRIVATE KEY lines, so nothing can read it",
  },
}

local function variable(name)
  name = shown.variable(name)
  return name and "the environment variable " .. name
    or "an environment variable whose name does not look like one"
end

local function file(path, label, exists)
  local name = shown.path(path, exists)
  return "the file " .. (name or label ~= "" and label or shown.HIDDEN)
end

local ORIGINS = {
  env = variable,
  file = file,
  fd = function(descriptor) return "file descriptor " .. descriptor end,
  call = function() return "the function given to secret.call" end,
  prompt = function() return "the terminal" end,
}

--- Where a secret came from, without anything that may be one.
---@param secret truto.Secret
---@param exists boolean? of a file: something is there
---@return string? words nil for one that was given as a string
function M.origin(secret, exists)
  local kind, name, label = core.secret.origin(secret)
  return ORIGINS[kind] and ORIGINS[kind](name, label, exists)
end

local function add_origin(words, secret)
  local origin = secret and M.origin(secret, true)
  return origin and words .. " (from " .. origin .. ")" or words
end

--- Says that there is nothing.
---@param secret? truto.Secret
---@return string message
function M.emptiness(secret) return add_origin("is empty", secret) end

--- Says what was found.
---@param code string
---@param detail? string
---@param secret? truto.Secret that it was found in
---@return string message
function M.finding(code, detail, secret)
  local words = WORDS[code]
  if type(words) == "table" then words = words[detail] end
  words = add_origin(words, secret)
  return code == "dirty_secret" and words .. MEANT or words
end

return M
