--- Reads the JSON key file that Google gives out for a service account.

local check = require "truto.config.check"
local errors = require "truto.errors"
local secret = require "truto.secret"

local M = {}

-- A key file has about 2,300 bytes, some 3,200 of them with a 4096-bit key.
local MAX_BYTES = 64 * 1024

-- A key file holds strings only, one level deep.
local MAX_DEPTH = 4

local TYPE = "google_cloud_storage"

-- What a key file must have to be one; the other fields may be missing.
local NEEDED = { "type", "client_email", "private_key" }

local function failure(code, message)
  return nil, errors.new { kind = "setup", code = code, message = message }
end

-- Bytes that no path has, but the text of a key file does.
local function is_path(path)
  return path ~= "" and not path:find("[%c{]")
end

local function read_file(path)
  local file, reason = io.open(path, "rb")
  if not file then
    return failure("key_file_unreadable", "cannot read the key file " .. reason)
  end
  local text, problem = file:read(MAX_BYTES + 1)
  file:close()
  if text then return text end
  return failure("key_file_unreadable", ("cannot read the key file %s: %s")
    :format(path, problem or "it is empty"))
end

local function decode(text)
  local json = require "cjson".new()
  json.decode_max_depth(MAX_DEPTH)
  local decoded, value = pcall(json.decode, text)
  return decoded and type(value) == "table" and value or nil
end

local function fields_of(shape)
  for _, field in ipairs(shape.fields) do
    if field.name == "credentials" then return field.fields end
  end
end

-- The documented fields only: a key file may get further ones.
local function documented(fields, decoded)
  local credentials = {}
  for _, field in ipairs(fields) do
    credentials[field.name] = decoded[field.name]
  end
  return credentials
end

-- Why the content is no key; nil if it is one.
local function problem_of(shape, credentials)
  local first = check.run {
    shape = shape,
    config = { credentials = credentials },
  }[1]
  if first then return first.path:match("[^.]+$") .. ": " .. first.message end
  for _, name in ipairs(NEEDED) do
    if (credentials[name] or "") == "" then return "it has no " .. name end
  end
end

-- The credentials in the text of a key file; or nil and why it is none.
local function parse(text)
  if #text > MAX_BYTES then return nil, "it is too large" end
  local decoded = decode(text)
  if not decoded then return nil, "it is no JSON object" end
  local shape = check.shape(TYPE)
  local credentials = documented(fields_of(shape), decoded)
  local problem = problem_of(shape, credentials)
  if problem then return nil, problem end
  return credentials
end

--- The credentials in a key file, with the private key held as a secret. The
--- text of the file passes through Lua strings, which Lua frees unwiped.
---@param path string
---@return table? credentials for `truto.config.google_cloud_storage`
---@return truto.Error? err kind `"setup"`: `key_file_unreadable`,
---  `key_file_invalid`
function M.read(path)
  if not is_path(path) then
    return failure("key_file_unreadable",
      "cannot read the key file: give its path, not its content")
  end
  local text, err = read_file(path)
  if not text then return nil, err end
  local credentials, problem = parse(text)
  if not credentials then
    return failure("key_file_invalid", ("%s is no service-account key file: "
      .. "%s; download a JSON key in the Google Cloud console")
      :format(path, problem))
  end
  credentials.private_key = secret(credentials.private_key)
  return credentials
end

return M
