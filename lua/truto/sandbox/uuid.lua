--- Ids as the API makes them: UUIDs of version 4.

local M = {}

--- Bytes by chance, where nobody brings better ones.
---@param count integer
---@return string bytes
function M.random_bytes(count)
  local bytes = {}
  for i = 1, count do bytes[i] = string.char(math.random(0, 255)) end
  return table.concat(bytes)
end

--- A new UUID.
---@param random fun(count: integer): string bytes by chance
---@return string
function M.new(random)
  local digits = random(16):gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
  local variant = tonumber(digits:sub(17, 17), 16) % 4 + 1
  return table.concat({ digits:sub(1, 8), digits:sub(9, 12),
    "4" .. digits:sub(14, 16), ("89ab"):sub(variant, variant)
      .. digits:sub(18, 20), digits:sub(21, 32) }, "-")
end

return M
