--- Random configs, made from the shapes, and mutations that spoil one field.
--
-- The numbers come from a generator of its own, so that a seed means the same
-- on every VM.

local M = {}

---@class truto.spec.Random
---@field state integer
local Random = {}
Random.__index = Random

--- A generator ("minimal standard", Park and Miller; exact in a double).
---@param seed integer from 1 to 2^31 - 2
function M.new(seed)
  return setmetatable({ state = seed }, Random)
end

--- A whole number from 1 to `limit`.
function Random:below(limit)
  self.state = self.state * 48271 % 2147483647
  return self.state % limit + 1
end

function Random:pick(list)
  return list[self:below(#list)]
end

-- No stars, brackets or the like: a text made of these is never a mask.
local LETTERS = { "a", "Z", "0", "9", " ", "-", "_", "/", "\\", "\"", "\n",
  "\1", "\127", "\195\169", "\226\130\172", "\240\159\152\128" }

local function text(random)
  local letters = { "v" }
  for i = 2, random:below(20) do letters[i] = random:pick(LETTERS) end
  return table.concat(letters)
end

local SCHEMES = { "http://", "https://", "HTTPS://" }
local HOSTS = { "a", "a.example.com", "127.0.0.1", "[::1]", "u:p@a.b", "x-y.z" }
local PORTS = { "", ":1", ":443", ":65535" }
local PATHS = { "", "/", "/a/b%20c", "/?x=1&y=2", "#f", "/a?b#c" }

local function url(random)
  return random:pick(SCHEMES) .. random:pick(HOSTS) .. random:pick(PORTS)
    .. random:pick(PATHS)
end

local KEY = "-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n"

local fill

local function value(random, field)
  if field.value then return field.value end
  if field.fields then
    local fields = fill(random, field.fields)
    if next(fields) == nil then fields.client_id = "1" end
    return fields
  end
  if field.format == "url" then return url(random) end
  if field.format == "private_key" then return KEY end
  if field.type == "integer" then
    local minimum, maximum = field.minimum or -1e6, field.maximum or 1e6
    return minimum + random:below(maximum - minimum + 1) - 1
  end
  return text(random)
end

function fill(random, fields)
  local config = {}
  for _, field in ipairs(fields) do
    if random:below(3) > 1 then config[field.name] = value(random, field) end
  end
  return config
end

--- A config that is right, with any of the shape's fields.
---@param random truto.spec.Random
---@param shape truto.config.Shape
---@return table config
function M.valid(random, shape)
  return fill(random, shape.fields)
end

local WRONG = {
  string = { 5, 0.5, true, false, { "a" }, { a = 1 } },
  integer = { "6333", "", true, false, 0.5, 6333.5, { 1 }, { a = 1 } },
  object = { "{}", 5, true, false },
}
local NO_URLS = { "", "a", "a.b", "//a", "ftp://a", "http:/a", "https://",
  "https://a b", "https://a:0", "https://a:70000", "https://a\n", "mailto:a" }
local MASKS = { "****", "sk-****1234", "[REDACTED]", "<your_api_key>",
  "XXXXXXXX", "${KEY}", "{{ key }}" }
local NAMES = { "zeta", "x", "Bucket", "base__url", "prot", "keyy", "id" }

-- Each spoils one field, if it can: code and path, or nil.
local MUTATIONS = {
  function(random, fields, config, path)
    local field = random:pick(fields)
    config[field.name] = random:pick(WRONG[field.type])
    return "type_mismatch", path .. "." .. field.name
  end,
  function(random, _, config, path)
    local name = random:pick(NAMES)
    config[name] = text(random)
    return "unknown_field", path .. "." .. name
  end,
  function(random, fields, config, path)
    local field = random:pick(fields)
    if field.format ~= "url" then return nil end
    config[field.name] = random:pick(NO_URLS)
    return "invalid_url", path .. "." .. field.name
  end,
  function(random, fields, config, path)
    local field = random:pick(fields)
    if not field.secret or field.fields then return nil end
    config[field.name] = random:pick(MASKS)
    return "placeholder_secret", path .. "." .. field.name
  end,
  function(random, fields, config, path)
    local field = random:pick(fields)
    if not field.minimum then return nil end
    local beyond = { field.minimum - random:below(1e6),
      field.maximum + random:below(1e6) }
    config[field.name] = random:pick(beyond)
    return "out_of_range", path .. "." .. field.name
  end,
  function(random, fields, config, path)
    local field = random:pick(fields)
    if not field.value then return nil end
    config[field.name] = text(random)
    return "invalid_value", path .. "." .. field.name
  end,
}

--- Spoils one field of a config that is right, or of an object in it.
---@param random truto.spec.Random
---@param shape truto.config.Shape
---@param config table is changed
---@return string code
---@return string path
function M.mutate(random, shape, config)
  while true do
    local fields, target, path = shape.fields, config, "config"
    local field = random:pick(fields)
    if type(config[field.name]) == "table" then
      fields, target = field.fields, config[field.name]
      path = path .. "." .. field.name
    end
    local code, place = random:pick(MUTATIONS)(random, fields, target, path)
    if code then return code, place end
  end
end

return M
