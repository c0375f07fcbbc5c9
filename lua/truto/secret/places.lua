--- The secrets that a call is made with: where they stand, their reading, and
--- what is wrong with them.

local core = require "truto.core"
local errors = require "truto.errors"
local names = require "truto.config.names"
local reader = require "truto.secret.reader"
local secret = require "truto.secret"
local shapes = require "truto.config.shapes"
local words = require "truto.secret.words"

local next, type = next, type

local M = {}

-- As deep as JSON is written; what is deeper is refused there.
local MAX_DEPTH = 64

---@class truto.secret.Place
---@field path string as `config.secret_access_key`
---@field secret truto.Secret
---@field is_key boolean a private key belongs there

-- Names of the fields that hold private keys.
local KEYS = {}
local function note_keys(fields)
  for _, field in ipairs(fields) do
    if field.format == "private_key" then KEYS[field.name] = true end
    if field.fields then note_keys(field.fields) end
  end
end
for _, shape in ipairs(shapes) do note_keys(shape.fields) end

local function walk(found, seen, values, path, depth)
  if depth > MAX_DEPTH or seen[values] then return end
  seen[values] = true
  for key, value in next, values do
    if type(value) == "table" then
      walk(found, seen, value, names.path(path, key), depth + 1)
    elseif type(value) == "userdata" and secret.is(value) then
      found[#found + 1] = {
        path = names.path(path, key), secret = value,
        is_key = KEYS[key] == true,
      }
    end
  end
end

local function before(a, b) return a.path < b.path end

--- The secrets of a call, by their paths, those of headers last. Each table
--- is looked at once, raw, so a cycle or a hostile metatable does no harm.
---@param changes table
---@param headers? table
---@return truto.secret.Place[] found
function M.find(changes, headers)
  local found, in_headers = {}, {}
  walk(found, {}, changes, "", 1)
  if found[2] then table.sort(found, before) end
  if not headers then return found end
  walk(in_headers, {}, headers, "headers", 1)
  if in_headers[2] then table.sort(in_headers, before) end
  for _, place in ipairs(in_headers) do found[#found + 1] = place end
  return found
end

-- Calls do(secret) for the token, if it is a secret, and each place, until
-- one fails.
local function each(token, found, act)
  if secret.is(token) then
    local done, err = act(token)
    if not done then return nil, err end
  end
  for _, place in ipairs(found) do
    local done, err = act(place.secret)
    if not done then return nil, err end
  end
  return true
end

local function ask(value)
  if core.secret.origin(value) ~= "prompt" then return true end
  return reader.read(value)
end

--- Asks for what has to be typed, so that this takes nothing of a deadline.
---@param token any
---@param found truto.secret.Place[]
---@return true?
---@return truto.Error?
function M.ask(token, found) return each(token, found, ask) end

-- What these are called of a token, which is of the setup.
local TOKEN_CODES = {
  empty_secret = "missing_token",
  dirty_secret = "invalid_token",
}

local function judge_token(token)
  local found, detail = core.secret.judge(token)
  if not found then return true end
  local said = TOKEN_CODES[found] or found
  local given = secret.is(token) and token or nil
  return nil, errors.new {
    kind = "setup", code = said,
    message = "the API token " .. (found == "empty_secret"
      and words.emptiness(given) or words.finding(found, detail, given)),
  }
end

local function note_once(list, issue)
  for _, other in ipairs(list) do
    if other.path == issue.path and other.code == issue.code then return end
  end
  list[#list + 1] = issue
end

local function judge_places(found, validate, warnings)
  local issues = {}
  for _, place in ipairs(found) do
    local code, detail = core.secret.judge(place.secret, place.is_key)
    if code then
      local is_refused = M.is_refused(code, validate)
      note_once(is_refused and issues or warnings, {
        path = place.path, code = code,
        message = words.finding(code, detail, place.secret),
      })
    end
  end
  if issues[1] then return nil, errors.validation(issues) end
  return true
end

--- Whether what was found in a secret is refused, or a warning.
---@param code string
---@param validate true|"warn"|"strict" as the option
---@return boolean
function M.is_refused(code, validate)
  if code == "empty_secret" then return true end
  if code == "dirty_secret" then return validate == "strict" end
  return validate ~= "warn"
end

--- Makes ready for one attempt: calls the functions of secrets, which may
--- yield; then, without a pause in which they could change, reads what has to
--- be read and judges it. C takes just these bytes.
---@param token string|truto.Secret
---@param found truto.secret.Place[]
---@param validate boolean|"warn"|"strict" as the option; `false`: only the
---  token is judged
---@param warnings truto.Issue[] gets what is not refused
---@return true?
---@return truto.Error? err
function M.prepare(token, found, validate, warnings)
  local done, err = each(token, found, reader.load)
  if done then done, err = each(token, found, reader.read) end
  if done then done, err = judge_token(token) end
  if done and validate then
    done, err = judge_places(found, validate, warnings)
  end
  return done, err
end

return M
