--- What passes, but is surely a mistake: it becomes a warning.
---
--- What is a fact of a type stands in `truto.config.shapes`. No message has
--- anything of a value in it.

local formats = require "truto.config.formats"

local rawget, type = rawget, type

local M = {}

local SLASH = 47

local DOUBLED_SCHEME = {
  code = "doubled_scheme",
  message = "has its scheme twice",
}
local PASSWORD_IN_URL = {
  code = "password_in_url",
  message = "has a user or a password in it, and answers show this field",
}
local PLACEHOLDER = {
  code = "placeholder_value",
  message = "has a placeholder in it that nothing has filled in",
}
local BUCKET_IN_URL = {
  code = "bucket_in_url",
  message = "names a bucket or a path, which no endpoint of this service has;"
    .. " the bucket has a field of its own",
}
local GRPC_PORT = {
  code = "grpc_port",
  message = "names the port on which this server speaks gRPC; Truto speaks"
    .. " HTTP to it",
}

--- What is doubtful about a text that is not a URL.
---@param doubts truto.config.Doubts
---@param text string
---@return truto.config.Doubt? doubt the first that holds
function M.text(doubts, text)
  if not text:find(doubts.only_with) then return nil end
  for _, doubt in ipairs(doubts.list) do
    if text:find(doubt.pattern)
      and not (doubt.except and text:find(doubt.except)) then
      return doubt
    end
  end
  return nil
end

-- `https://https://host`: the second scheme reads as a host.
local function has_doubled_scheme(text, host, rest)
  return #host <= 5 and text:byte(rest) == SLASH
    and host:find "^[hH][tT][tT][pP][sS]?$" ~= nil
end

-- Most URLs have nothing like it.
local function has_placeholder(text, rest)
  return text:find("{", rest, true) ~= nil
    and text:find("[${]{", rest) ~= nil
end

local function begins_with_bucket(values, host)
  local bucket = rawget(values, "bucket")
  return type(bucket) == "string" and bucket ~= ""
    and host:sub(1, #bucket + 1):lower() == bucket:lower() .. "."
end

-- The bucket as the path, or before the service's name. The hosts come last,
-- since to look at them costs the most.
local function names_bucket(field, values, text, host, rest)
  if not (rest < #text and text:find("^/+[^/?#]", rest))
    and not begins_with_bucket(values, host) then
    return false
  end
  for _, bare in ipairs(field.bare_hosts) do
    if formats.is_below(host, bare) then return true end
  end
  return false
end

-- Most values have no doubt, and no list is made for them.
local function also(found, doubt)
  found = found or {}
  found[#found + 1] = doubt
  return found
end

--- What is doubtful about a URL, taken apart by `formats.url`.
---@param field truto.config.Field
---@param values table the table that has the field, read raw
---@param text string
---@param host string
---@param port? integer
---@param rest integer where the path begins
---@param has_user boolean
---@return { code: string, message: string }[]? doubts nil if there is none
function M.url(field, values, text, host, port, rest, has_user)
  local found = has_doubled_scheme(text, host, rest) and { DOUBLED_SCHEME }
    or nil
  if has_user then found = also(found, PASSWORD_IN_URL) end
  if has_placeholder(text, rest) then found = also(found, PLACEHOLDER) end
  if field.grpc_port and port == field.grpc_port then
    found = also(found, GRPC_PORT)
  end
  if field.bare_hosts and names_bucket(field, values, text, host, rest) then
    found = also(found, BUCKET_IN_URL)
  end
  return found
end

--- What is doubtful about a number that may be a port.
---@param field truto.config.Field
---@param number number within its limits
---@param values table the table that has the field, read raw
---@return { code: string, message: string }? doubt
function M.port(field, number, values)
  if field.grpc_port == number then return GRPC_PORT end
  local url = field.port_of and rawget(values, field.port_of)
  if type(url) ~= "string" or not url:find ":%d" then return nil end
  local _, port = formats.url(url)
  if not port or port == number then return nil end
  return {
    code = "contradictory_port",
    message = ("is not the port that %s names"):format(field.port_of),
  }
end

return M
