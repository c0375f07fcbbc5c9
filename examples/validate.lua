-- Checks the *.json files of a folder and prints what is wrong with them, one
-- problem a line, as a compiler does:
--
--   configs/vectors.json: config.port: must be from 1 to 65535 [out_of_range]
--
-- Usage: lua examples/validate.lua FOLDER [TYPE]
-- A file holds a config, or a datastore: {"type": "s3", "config": {...}}. TYPE
-- is that of files that do not say it; else their fields do. Nothing is sent.
-- Exits with 1 if there is a problem, with 2 if a file cannot be read.

local cjson = require "cjson"
local truto = require "truto"

local folder, named_type = arg[1], arg[2]
if not folder then
  io.stderr:write("usage: lua examples/validate.lua FOLDER [TYPE]\n")
  os.exit(2)
end

local function shell_quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function json_files()
  local list = {}
  local pipe = assert(io.popen("ls -d -- " .. shell_quote(folder) .. "/*.json"))
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function read(path)
  local file, reason = io.open(path, "rb")
  if not file then return nil, reason end
  local text = file:read "*a"
  file:close()
  if not text then return nil, path .. ": cannot be read" end
  local decoded, value = pcall(cjson.decode, text)
  if decoded and type(value) == "table" then return value end
  return nil, path .. ": is no JSON object"
end

local function parts(content)
  if type(content.config) == "table" then
    return content.config, content.type or named_type
  end
  return content, named_type
end

local function print_all(path, level, issues)
  for _, issue in ipairs(issues) do
    print(("%s: %s%s: %s [%s]"):format(path, level, issue.path, issue.message,
      issue.code))
  end
end

local status = 0

local files = json_files()
if #files == 0 then status = 2 end
for _, path in ipairs(files) do
  local content, reason = read(path)
  if content then
    local config, type_name = parts(content)
    local ok, err, meta = truto.config.validate(type_name, config)
    if not ok then
      print_all(path, "", err.issues)
      status = math.max(status, 1)
    end
    print_all(path, "warning: ", meta.warnings)
  else
    print(reason)
    status = 2
  end
end

os.exit(status)
