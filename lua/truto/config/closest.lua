--- A config of which nobody said the type: it is right if it fits at least
--- one type, else it is held against the closest.

local check = require "truto.config.check"
local hints = require "truto.config.hints"
local names = require "truto.config.names"
local shapes = require "truto.config.shapes"

local next, rawget = next, rawget

local M = {}

-- A field with the right name says twice as much as one that is nearly right.
local SAME, NEAR = 2, 1

-- What a config is held against if it resembles no type.
---@type truto.config.Shape
local ANY = { type = "any known type", title = "", fields = {} }

local function count_keys(config)
  local count = 0
  for _ in next, config do
    count = count + 1
    if count > check.MAX_KEYS then break end
  end
  return count
end

local function count_known(shape, config)
  local count = 0
  for i = 1, #shape.fields do
    if rawget(config, shape.fields[i].name) ~= nil then count = count + 1 end
  end
  return count
end

-- Misspelt, known by another name, or a table too far out.
local function is_near(key, shape, documented)
  if hints.meant(key, shape.fields) then return true end
  local place = hints.place(shape, key)
  if place then return place ~= key end
  return #hints.types_with(key) == 0
    and names.nearest(key, documented) ~= nil
end

local function count_near(shape, config)
  local documented = hints.field_names(shape.fields)
  local count = 0
  for key in next, config do
    if is_near(key, shape, documented) then count = count + 1 end
  end
  return count
end

local function check_as(scan, shape)
  scan.shape = shape
  return check.run(scan)
end

-- The shapes that have the most of the fields, in their order; none if no
-- field says anything.
local function best_shapes(config, total)
  local best, highest = {}, NEAR
  for _, shape in ipairs(shapes) do
    local score = SAME * count_known(shape, config)
    if total <= check.MAX_KEYS then
      score = score + NEAR * count_near(shape, config)
    end
    if score > highest then best, highest = {}, score end
    if score == highest then best[#best + 1] = shape end
  end
  return best
end

-- The fields over which the shapes disagree, each with the types it belongs
-- to: `bucket (s3), api_key (qdrant)`; nil if they do not.
local function disagreement(config, best)
  local list, had_by = {}, {}
  for _, shape in ipairs(best) do
    for _, field in ipairs(shape.fields) do
      local name = field.name
      if rawget(config, name) ~= nil then
        if not had_by[name] then list[#list + 1] = name end
        had_by[name] = (had_by[name] or 0) + 1
      end
    end
  end
  local apart = false
  for i, name in ipairs(list) do
    apart = apart or had_by[name] < #best
    list[i] = ("%s (%s)"):format(name,
      table.concat(hints.types_with(name), ", "))
  end
  return apart and table.concat(list, ", ") or nil
end

local function ambiguous(fields)
  return { {
    path = "config",
    code = "ambiguous_type",
    message = "has fields of different types: " .. fields
      .. "; options.type says which is meant",
  } }, {}
end

local function reason(shape, config, total)
  local of = total > check.MAX_KEYS and "more than " .. check.MAX_KEYS or total
  return (" (no type was named; %s is closest, it has %d of the %s fields)")
    :format(shape.type, count_known(shape, config), of)
end

-- The issues as the closest type has them; the first one says why that type.
local function explain(scan, total)
  local config = scan.config
  local best = best_shapes(config, total)
  if not best[1] then return check_as(scan, ANY) end
  local fields = disagreement(config, best)
  if fields then return ambiguous(fields) end
  local issues, warnings, closest
  for _, shape in ipairs(best) do
    local found, noted = check_as(scan, shape)
    if not issues or #found < #issues then
      issues, warnings, closest = found, noted, shape
    end
  end
  issues[1].message = issues[1].message .. reason(closest, config, total)
  return issues, warnings
end

--- Holds a config against all types.
---@param scan truto.config.Scan without `shape`; `config` is a table
---@return truto.Issue[] issues empty if it fits a type
---@return truto.Issue[] warnings
function M.run(scan)
  local total = count_keys(scan.config)
  for i = 1, #shapes do
    if count_known(shapes[i], scan.config) == total then
      local issues, warnings = check_as(scan, shapes[i])
      if #issues == 0 then return issues, warnings end
    end
  end
  return explain(scan, total)
end

return M
