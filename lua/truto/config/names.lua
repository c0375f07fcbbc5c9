--- Names of fields in messages: how they are shown, and which was meant.

local M = {}

-- The longest documented name has 27 characters. What is longer, or is no
-- identifier, may be a secret that slipped into the place of a name.
local MAX_SHOWN = 32

-- Edit distance costs the product of the lengths.
local MAX_COMPARED = 64

--- Whether a key may stand in a message as it is.
---@param key any
---@return boolean
function M.is_shown(key)
  return type(key) == "string" and #key <= MAX_SHOWN
    and key:find("^[%a_][%w_%-]*$") ~= nil
end

--- The path of a key: `config.port`, `config[1]`, or `config[?]` for a key
--- that is not fit to be shown.
---@param parent string path of the table that has the key; "" is the outermost
---@param key any
---@return string
function M.path(parent, key)
  if M.is_shown(key) then
    return parent == "" and key or parent .. "." .. key
  end
  if type(key) == "number" and key == math.floor(key)
    and math.abs(key) < 1e9 then
    return ("%s[%d]"):format(parent, key)
  end
  return parent .. "[?]"
end

--- A stable order of keys of any type, for `table.sort`: numbers, strings,
--- then all others, which are shown alike.
---@param a any
---@param b any
---@return boolean
function M.before(a, b)
  local kind = type(a)
  if kind ~= type(b) then return kind < type(b) end
  return (kind == "number" or kind == "string") and a < b
end

local function minimum(a, b, c)
  local least = a < b and a or b
  return least < c and least or c
end

--- Edits (insert, delete, replace, swap of neighbours) from one text to the
--- other: the "optimal string alignment" distance.
---@param a string at most 64 bytes, as `b`
---@param b string
---@return integer
function M.distance(a, b)
  local before, last, row = {}, {}, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    row[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = minimum(last[j] + 1, row[j - 1] + 1,
        last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1)
        and a:byte(i - 1) == b:byte(j) and before[j - 2] + 1 < row[j] then
        row[j] = before[j - 2] + 1
      end
    end
    before, last, row = last, row, before
  end
  return last[#b]
end

-- `accessKeyId`, `Access-Key-ID` and `access_key_id` are the same to people.
local function plain(name)
  return (name:lower():gsub("[_%-%s]", ""))
end

--- Whether two names are equal but for case and separators.
---@param a any
---@param b string
---@return boolean
function M.is_alike(a, b)
  return type(a) == "string" and #a <= MAX_COMPARED and plain(a) == plain(b)
end

--- The candidate that was probably meant: equal but for case and separators,
--- or at most a third of its letters away.
---@param name any a key that is none of the candidates
---@param candidates string[] in the order in which a tie is decided
---@return string? nearest nil if none is near
function M.nearest(name, candidates)
  if type(name) ~= "string" or #name > MAX_COMPARED then return nil end
  local wanted = plain(name)
  local nearest, least
  for i = 1, #candidates do
    local candidate = plain(candidates[i])
    local limit = math.floor(#candidate / 3)
    if math.abs(#candidate - #wanted) <= limit then
      local distance = M.distance(wanted, candidate)
      if distance <= limit and (not least or distance < least) then
        nearest, least = candidates[i], distance
      end
    end
  end
  return nearest
end

return M
