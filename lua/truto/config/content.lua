--- What a config holds, checked by its type: that of the mark, the one named
--- by the caller, or one that its fields fit.

local check = require "truto.config.check"
local closest = require "truto.config.closest"
local core = require "truto.core"
local hints = require "truto.config.hints"
local mark = require "truto.config.mark"
local names = require "truto.config.names"
local secret = require "truto.secret"
local words = require "truto.secret.words"

local M = {}

local function contradiction(marked, named)
  local other = check.shape(named) and named or "another type"
  return { {
    path = "config",
    code = "ambiguous_type",
    message = ("was made by truto.config.%s, but the type given is %s")
      :format(marked, other),
  } }, {}
end

local function unknown_type(named)
  local known = hints.types()
  local nearest = names.nearest(named, known)
  local message = "the type given is none of " .. table.concat(known, ", ")
    .. "; the config goes out unchecked"
  if nearest then message = message .. "; did you mean " .. nearest .. "?" end
  return {}, { { path = "config", code = "unknown_type", message = message } }
end

--- Judges a text that stands where a secret belongs.
---@param text string
---@param is_key? boolean a private key belongs there
---@return string? code nil: nothing is wrong with it
---@return string? message
function M.judge(text, is_key)
  local code, detail = core.secret.judge(text, is_key)
  if not code then return nil end
  return code, words.finding(code, detail)
end

--- What `check.run` needs to know of values from a Lua program.
---@param config any
---@param partial? boolean
---@return truto.config.Scan
function M.scan(config, partial)
  return {
    config = config,
    partial = partial,
    is_secret = secret.is,
    judge = M.judge,
    null = core.null,
  }
end

--- Checks a config.
---@param config any
---@param named? string the type, if the caller named it
---@param partial? boolean documented required fields may be missing
---@return truto.Issue[] issues
---@return truto.Issue[] warnings
function M.check(config, named, partial)
  local scan = M.scan(config, partial)
  local marked = mark.get(config)
  if marked and named and marked ~= named then
    return contradiction(marked, named)
  end
  named = marked or named
  scan.shape = check.shape(named)
  if scan.shape or type(config) ~= "table" then return check.run(scan) end
  if named then return unknown_type(named) end
  return closest.run(scan)
end

return M
