local config_tables = require "support.config_tables"
local shapes = require "truto.config.shapes"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local ROOT = assert(package.searchpath and package.searchpath(
  "truto.config.shapes", package.path) or "lua/truto/config/shapes.lua")
  :match("^(.*)lua/truto/config/shapes%.lua$")

local REFERENCE = read(ROOT .. "lua/truto/config/README.md")

describe("the reference of configs", function()
  for _, shape in ipairs(shapes) do
    it("has the fields of " .. shape.type, function()
      assert.is_truthy(REFERENCE:find(config_tables.markdown(shape), 1, true),
        "it lacks this:\n" .. config_tables.markdown(shape))
    end)
  end
end)

describe("the reference's table of codes", function()
  local truto = require "truto"
  local OTHERS = { "empty_changes", "unknown_type" }

  it("has each code that a check can give", function()
    local codes = {}
    for _, code in ipairs(OTHERS) do codes[code] = true end
    for _, case in ipairs(require "support.config_cases" (truto)) do
      for _, list in ipairs { case.issues, case.warnings } do
        for _, line in ipairs(list) do codes[line:match "^%S+"] = true end
      end
    end
    for code in pairs(codes) do
      assert.is_truthy(REFERENCE:find("\n| `" .. code .. "` | ", 1, true), code)
    end
  end)
end)

describe("the annotations for editors", function()
  -- The object that has a class of its own.
  local CLASSES = { credentials = "ServiceAccount" }

  local function class_name(type_name)
    return (type_name:gsub("_?(%l)(%w*)", function(first, rest)
      return first:upper() .. rest
    end))
  end

  local function annotated_type(field)
    if field.fields then return "truto.config." .. CLASSES[field.name] end
    if field.value then return ('"%s"'):format(field.value) end
    if field.secret then return field.type .. "|truto.Secret" end
    return field.type
  end

  local function class_text(name, fields)
    local lines = { "---@class truto.config." .. name }
    for _, field in ipairs(fields) do
      lines[#lines + 1] = ("---@field %s? %s %s"):format(field.name,
        annotated_type(field), field.description)
    end
    return "\n\n" .. table.concat(lines, "\n") .. "\n\n"
  end

  local annotations = read(ROOT .. "lua/truto/config/types.lua")

  local function assert_there(text)
    assert.is_truthy(annotations:find(text, 1, true), "lacks:" .. text)
  end

  for _, shape in ipairs(shapes) do
    local name = class_name(shape.type)

    it("have the fields of " .. shape.type, function()
      assert_there(class_text(name, shape.fields))
      for _, field in ipairs(shape.fields) do
        if field.fields then
          assert_there(class_text(CLASSES[field.name], field.fields))
        end
      end
    end)

    it("have the builder and the name of " .. shape.type, function()
      assert_there(("---@param fields truto.config.%s\n"
        .. "---@return truto.config.%s config\nfunction M.%s(fields) end")
        :format(name, name, shape.type))
      assert_there(('\n---| "%s"\n'):format(shape.type))
    end)
  end
end)
