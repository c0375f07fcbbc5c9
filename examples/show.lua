-- A value as indented JSON for people to read. Secrets show as "[secret]";
-- what goes to Truto is written elsewhere, by the C module.

local truto = require "truto"

local show

local function quote(text)
  return '"' .. text:gsub('[%c"\\]', function(byte)
    return ("\\u%04x"):format(byte:byte())
  end) .. '"'
end

local function sorted_keys(value)
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys)
  return keys
end

local function show_table(value, indent)
  local inner, lines = indent .. "  ", {}
  for _, key in ipairs(sorted_keys(value)) do
    lines[#lines + 1] = inner .. quote(tostring(key)) .. ": "
      .. show(value[key], inner)
  end
  if #lines == 0 then return "{}" end
  return "{\n" .. table.concat(lines, ",\n") .. "\n" .. indent .. "}"
end

function show(value, indent)
  if type(value) == "table" then return show_table(value, indent or "") end
  if type(value) == "string" then return quote(value) end
  if truto.secret.is(value) then return quote(tostring(value)) end
  return value == truto.null and "null" or tostring(value)
end

return show
