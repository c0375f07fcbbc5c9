--- Tables that no sound program passes.

local M = {}

--- A config with that many fields, all unknown.
function M.many_keys(count)
  local config = {}
  for i = 1, count do config["field_" .. i] = "value" end
  return config
end

--- A config that holds itself.
function M.cyclic()
  local config = { bucket = "b" }
  config.credentials = config
  return config
end

--- The fields in a table whose every metamethod raises.
function M.hostile(fields)
  local function trap() error("a metamethod was called") end
  return setmetatable(fields, {
    __index = trap, __newindex = trap, __pairs = trap, __ipairs = trap,
    __len = trap, __eq = trap, __tostring = trap, __metatable = "locked",
  })
end

return M
