--- "Did you mean": the known name nearest to one that was misspelt.

local M = {}

local function distance(left, right)
  local previous = {}
  for column = 0, #right do previous[column] = column end
  for row = 1, #left do
    local current = { [0] = row }
    for column = 1, #right do
      local same = left:byte(row) == right:byte(column)
      current[column] = math.min(
        previous[column] + 1,
        current[column - 1] + 1,
        previous[column - 1] + (same and 0 or 1)
      )
    end
    previous = current
  end
  return previous[#right]
end

--- The nearest of the names by edit distance, if it is near enough to be a
--- slip of the keyboard: a third of the letters, and two at least.
---@param name string
---@param names string[] the first of equally near ones is taken
---@return string?
function M.find(name, names)
  if #name > 64 then return nil end
  local lower, best = name:lower(), nil
  local limit = math.max(2, math.floor(#name / 3))
  for _, candidate in ipairs(names) do
    local away = distance(lower, candidate)
    if away <= limit then best, limit = candidate, away - 1 end
  end
  return best
end

return M
