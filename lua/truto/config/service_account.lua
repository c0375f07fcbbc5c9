--- Reads the JSON key file that Google gives out for a service account.

local check = require "truto.config.check"
local content = require "truto.config.content"
local core = require "truto.core"
local errors = require "truto.errors"
local secret = require "truto.secret"
local shown = require "truto.shown"

local M = {}

-- A key file has about 2,300 bytes, some 3,200 of them with a 4096-bit key.
local MAX_BYTES = 64 * 1024

local TYPE = "google_cloud_storage"

-- What a key file must have to be one; the other fields may be missing.
local NEEDED = { "type", "client_email", "private_key" }

local function failure(code, message)
  return nil, errors.new { kind = "setup", code = code, message = message }
end

-- Whether a text is what a key file holds, not where one is: no path that
-- people have begins with an object or has control bytes in it.
local function is_content(text)
  return text == "" or text:find "%c" ~= nil
    or text:find '^ *{ *"' ~= nil
    or text:find "^ *{ *} *$" ~= nil
end

local function read_file(path)
  local file, reason, number = io.open(path, "rb")
  if not file then
    return failure("key_file_unreadable", "cannot read the key file "
      .. shown.refusal(path, reason, number))
  end
  local text, problem = file:read(MAX_BYTES + 1)
  file:close()
  if text then return text end
  return failure("key_file_unreadable", ("cannot read the key file %s: %s")
    :format(shown.path(path, true) or shown.HIDDEN, problem or "it is empty"))
end

local UTF8_MARK = "\239\187\191"

-- UTF-16 has its mark, or NUL bytes, which no JSON text in UTF-8 has.
local function is_utf16(text)
  return text:find "^\255\254" ~= nil or text:find "^\254\255" ~= nil
    or text:find("\0", 1, true) ~= nil
end

local function decode(text)
  if text:sub(1, #UTF8_MARK) == UTF8_MARK then
    text = text:sub(#UTF8_MARK + 1)
  end
  local value = core.json_read(text)
  return type(value) == "table" and value or nil
end

local function fields_of(shape)
  for _, field in ipairs(shape.fields) do
    if field.name == "credentials" then return field.fields end
  end
end

-- The documented fields that have a value: a key file may get further ones,
-- and tools write members that nobody needs as null or as an empty text.
local function documented(fields, decoded)
  local credentials = {}
  for _, field in ipairs(fields) do
    local value = decoded[field.name]
    if value ~= core.null and value ~= "" then
      credentials[field.name] = value
    end
  end
  return credentials
end

-- Why the content is not a key; nil if it is one.
local function problem_of(shape, credentials)
  if next(credentials) == nil then return "it has no " .. NEEDED[1] end
  local first = check.run {
    shape = shape,
    config = { credentials = credentials },
  }[1]
  if first then return first.path:match("[^.]+$") .. ": " .. first.message end
  for _, name in ipairs(NEEDED) do
    if credentials[name] == nil then return "it has no " .. name end
  end
  local found, message = content.judge(credentials.private_key, true)
  return found and "private_key: " .. message
end

-- The credentials in the text of a key file; or nil and why it is not one.
local function parse(text)
  if #text > MAX_BYTES then return nil, "it is too large" end
  if is_utf16(text) then
    return nil, "it is in UTF-16; save it as UTF-8"
  end
  local decoded = decode(text)
  if not decoded then return nil, "it is not a JSON object" end
  local shape = check.shape(TYPE)
  local credentials = documented(fields_of(shape), decoded)
  local problem = problem_of(shape, credentials)
  if problem then return nil, problem end
  return credentials
end

-- The text and what to call its place in messages.
local function read_text(source)
  if secret.is(source) then
    local text, err = source:reveal()
    return text, err, "the secret"
  elseif is_content(source) then
    local _, err = failure("key_file_unreadable",
      "cannot read the key file: give its path, not its content; a key that"
      .. " is in a variable can be given as truto.secret.env(name)")
    return nil, err
  end
  local text, err = read_file(source)
  return text, err, shown.path(source, true) or shown.HIDDEN
end

--- The credentials in a key file, with the private key held as a secret. The
--- text of the file passes through Lua strings, which Lua frees unwiped.
---@param source string|truto.Secret path of the file, or its content
---@return table? credentials for `truto.config.google_cloud_storage`
---@return truto.Error? err kind `"setup"`: `key_file_unreadable`,
---  `key_file_invalid`, or the code of a secret that cannot be read
function M.read(source)
  local text, err, place = read_text(source)
  if not text then return nil, err end
  local credentials, problem = parse(text)
  if not credentials then
    return failure("key_file_invalid", ("%s is not a service-account key file:"
      .. " %s; download a JSON key in the Google Cloud console")
      :format(place, problem))
  end
  credentials.private_key = secret(credentials.private_key)
  return credentials
end

return M
