-- Checks a JSON file, or all *.json files in a folder and its subfolders, and
-- prints what is wrong with them, one problem a line, as a compiler does:
--
--   configs/vectors.json: config.port: must be from 1 to 65535 [out_of_range]
--
-- Usage: lua examples/validate.lua [--strict] PATH [TYPE]
-- A file holds a config, or a datastore: {"type": "s3", "config": {...}}. TYPE
-- is that of files that do not say it; else their fields do. Nothing is sent.
-- With --strict a warning is a problem.
-- Exits with 1 if there is a problem, with 2 if a file cannot be read or the
-- arguments are wrong.

local cjson = require "cjson"
local truto = require "truto"

local USAGE = "usage: lua examples/validate.lua [--strict] PATH [TYPE]\n"

local function give_up(message)
  io.stderr:write(message)
  os.exit(2)
end

local function parse_arguments()
  local validate, words = true, {}
  for _, word in ipairs(arg) do
    if word == "--strict" then
      validate = "strict"
    elseif word:find "^%-%-" then
      give_up("there is no option " .. word .. "\n" .. USAGE)
    else
      words[#words + 1] = word
    end
  end
  if not words[1] or words[3] then give_up(USAGE) end
  if words[2] and not truto.config.describe(words[2]) then
    give_up(words[2] .. " is not a type; there are "
      .. table.concat(truto.config.types(), ", ") .. "\n")
  end
  return words[1], words[2], validate
end

local function shell_quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- A file given by its name is checked whatever its name is.
local function json_files(path)
  if path:find "^%-" then path = "./" .. path end
  local quoted = shell_quote(path)
  local pipe = assert(io.popen(("if [ -d %s ]; then find -L %s -type f"
    .. " -name '*.json' | LC_ALL=C sort; else printf '%%s\\n' %s; fi")
    :format(quoted, quoted, quoted)))
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local BYTE_ORDER_MARK = "^\239\187\191"

-- cjson says at which character; people look for a line.
local function place(text, message)
  local position = tonumber(message:match "at character (%d+)")
  if not position then return "" end
  local before = text:sub(1, position - 1)
  local _, breaks = before:gsub("\n", "")
  return (":%d:%d"):format(breaks + 1, #before:match "[^\n]*$" + 1)
end

local function decode(path, text)
  text = text:gsub(BYTE_ORDER_MARK, "")
  if text:find("\0", 1, true) then
    return nil, path .. ": is in UTF-16; save it as UTF-8"
  end
  local decoded, value = pcall(cjson.decode, text)
  if not decoded then
    return nil, path .. place(text, value) .. ": " .. value
  end
  if type(value) == "table" then return value end
  return nil, path .. ": is not a JSON object"
end

local function read(path)
  local file, reason = io.open(path, "rb")
  if not file then return nil, reason end
  local text, problem = file:read "*a"
  file:close()
  if text then return decode(path, text) end
  return nil, path .. ": " .. (problem or "cannot be read")
end

local function print_all(path, level, issues)
  for _, issue in ipairs(issues) do
    print(("%s: %s%s: %s [%s]"):format(path, level, issue.path, issue.message,
      issue.code))
  end
end

-- Returns what this file adds to the program's status.
local function check(path, named_type, validate)
  local content, reason = read(path)
  if not content then
    print(reason)
    return 2
  end
  local config, type_name = content, named_type
  if type(content.config) == "table" then
    config, type_name = content.config, content.type or named_type
  end
  if type_name ~= nil and type(type_name) ~= "string" then
    print(path .. ": type: expected a string [type_mismatch]")
    return 1
  end
  local ok, err, meta = truto.config.validate(type_name, config,
    { validate = validate })
  if not ok then print_all(path, "", err.issues) end
  print_all(path, "warning: ", meta.warnings)
  return ok and 0 or 1
end

local path, named_type, validate = parse_arguments()
local files = json_files(path)
if #files == 0 then give_up(path .. ": has no file *.json\n") end
local status = 0
for _, file in ipairs(files) do
  status = math.max(status, check(file, named_type, validate))
end
os.exit(status)
