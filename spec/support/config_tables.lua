--- The field tables of the reference of configs, made from the shapes.

local M = {}

local function type_of(field)
  local words = { field.type }
  if field.format == "url" then words[1] = "URL" end
  if field.value then words[1] = ("`\"%s\"`"):format(field.value) end
  if field.minimum then
    words[#words + 1] = ("%d to %d"):format(field.minimum, field.maximum)
  end
  if field.secret then words[#words + 1] = "secret" end
  if field.required then words[#words + 1] = "required" end
  return table.concat(words, ", ")
end

local function meaning_of(field)
  if not field.pair then return field.description end
  return ("%s; goes with `%s`"):format(field.description, field.pair)
end

local function add_rows(lines, fields, prefix)
  for _, field in ipairs(fields) do
    local path = prefix .. field.name
    lines[#lines + 1] = ("| `%s` | %s | %s |")
      :format(path, type_of(field), meaning_of(field))
    if field.fields then add_rows(lines, field.fields, path .. ".") end
  end
end

--- The table of one type, with its heading.
---@param shape truto.config.Shape
---@return string markdown without a line end behind it
function M.markdown(shape)
  local lines = {
    ("### `%s`: %s"):format(shape.type, shape.title),
    "",
    "| field | type | what |",
    "| --- | --- | --- |",
  }
  add_rows(lines, shape.fields, "")
  return table.concat(lines, "\n")
end

return M
