--- The interpreter that runs the specs, for those that start a child of it.

local M = {}

local function name()
  if rawget(_G, "jit") then return "luajit" end
  return "lua" .. _VERSION:match "[%d.]+$"
end

--- As `lua5.4`, `luajit`.
M.name = name()

-- A build with sanitizers has an interpreter of its own.
local program = os.getenv "TRUTO_LUA" or M.name

--- The folder with what was built for it.
M.build = os.getenv "TRUTO_BUILD" or "build/" .. M.name

local pipe = assert(io.popen "pwd")
local here = pipe:read "*l"
pipe:close()

local function absolute(path)
  return (path:gsub("[^;]+", function(template)
    return template:find "^/" and template or here .. "/" .. template
  end))
end

--- Shell text that starts the interpreter with the modules of this tree, from
--- anywhere.
local suffix = _VERSION:match("[%d.]+$"):gsub("%.", "_")
M.command = table.concat({
  "env", "-u", "LUA_PATH_" .. suffix, "-u", "LUA_CPATH_" .. suffix,
  "LUA_PATH='" .. absolute(package.path) .. "'",
  "LUA_CPATH='" .. absolute(package.cpath) .. "'",
  program,
}, " ")

return M
