--- The options of `truto.sandbox.start`, as data.

local names = require "truto.config.names"

local M = {}

---@class truto.sandbox.Options
---@field interpreter? string the Lua to run it; searched for unless given
---@field token? string the only token it takes; made up unless given
---@field port? integer of 127.0.0.1; a free one unless given
---@field rate_limit? truto.sandbox.RateLimit
---@field datastores? truto.sandbox.Datastore[] what there is at the start; one
---  of each type unless given: `ds_mongo`, `ds_gcs`, `ds_s3`, `ds_qdrant`

---@class truto.sandbox.RateLimit
---@field limit? integer requests allowed in a window; 500 unless given
---@field window? number its length in seconds; 10 unless given
---@field headers? boolean whether answers have `ratelimit-limit` and its like

local function is_between(value, minimum, maximum)
  return type(value) == "number" and value >= minimum and value <= maximum
end

local function is_whole(value, minimum, maximum)
  return is_between(value, minimum, maximum) and value % 1 == 0
end

local RATE_LIMIT = {
  limit = {
    accepts = function(value) return is_whole(value, 1, 2 ^ 53) end,
    wants = "a whole number of requests, at least 1",
  },
  window = {
    accepts = function(value) return is_between(value, 0.001, 86400) end,
    wants = "a number of seconds, 0.001 to 86400",
  },
  headers = {
    accepts = function(value) return type(value) == "boolean" end,
    wants = "true or false",
  },
}

local function is_list(value)
  if type(value) ~= "table" then return false end
  local count = 0
  for _ in pairs(value) do count = count + 1 end
  return count == #value
end

local KNOWN = {
  interpreter = {
    accepts = function(value)
      return type(value) == "string" and value ~= ""
    end,
    wants = "the name or path of a Lua interpreter",
  },
  token = {
    accepts = function(value)
      return type(value) == "string" and value:find("^[%w._~+/=-]+$") ~= nil
    end,
    wants = "a string of letters, digits and -._~+/=",
  },
  port = {
    accepts = function(value) return is_whole(value, 0, 65535) end,
    wants = "a whole number, 0 to 65535",
  },
  rate_limit = {
    accepts = function(value) return type(value) == "table" end,
    wants = "a table",
  },
  datastores = { accepts = is_list, wants = "a list of datastores" },
}

local function unknown(key, known, owner)
  local candidates = {}
  for name in pairs(known) do candidates[#candidates + 1] = name end
  table.sort(candidates)
  local nearest = names.nearest(key, candidates)
  return ("unknown %s%s; %s"):format(owner,
    names.is_shown(key) and " " .. key or "",
    nearest and "did you mean " .. nearest .. "?"
      or "known are " .. table.concat(candidates, ", "))
end

local function check(values, known, owner, level)
  for key, value in pairs(values) do
    local rule = known[key]
    if not rule then
      error(unknown(key, known, owner), level + 1)
    elseif not rule.accepts(value) then
      error(owner .. " " .. key .. " must be " .. rule.wants, level + 1)
    end
  end
end

--- Raises unless the options are right; the message names the option and
--- holds no value.
---@param options truto.sandbox.Options
---@param level integer whose error it is, as for `error`
function M.check(options, level)
  if type(options) ~= "table" then
    error("the options of the sandbox must be a table", level)
  end
  check(options, KNOWN, "sandbox option", level)
  check(options.rate_limit or {}, RATE_LIMIT, "rate_limit member", level)
end

return M
