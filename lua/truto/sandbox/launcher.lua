--- How the sandbox's program gets to run: finding an interpreter that can, the
--- command lines, and waiting until it is ready or has failed. Plain Lua and a
--- POSIX shell.

local folder = require "truto.sandbox.folder"

local M = {}

local CANDIDATES = {
  "luajit", "lua5.1", "lua5.2", "lua5.3", "lua5.4", "lua",
}

-- Loads what the program needs that is not ours.
local PROBE = 'require "http.server" require "cjson"'

-- Paths in the environment are meant for one Lua, and this is mostly another;
-- what the caller's own interpreter needs of them is in its package.path.
local FORGET_PATHS = "unset LUA_PATH LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 "
  .. "LUA_CPATH LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The entry of package.path by which truto itself is found, so that another
--- interpreter finds the same sources.
local function own_path_entry()
  for entry in package.path:gmatch("[^;]+") do
    local file = io.open((entry:gsub("%?", "truto/sandbox/server")))
    if file then
      file:close()
      return entry
    end
  end
  return nil
end

--- The interpreter that runs this, when its name says that it is a Lua.
local function current_interpreter()
  local arguments = rawget(_G, "arg")
  if type(arguments) ~= "table" then return nil end
  local first = 0
  while arguments[first - 1] do first = first - 1 end
  local name = arguments[first]
  if first < 0 and type(name) == "string" and name:find("lua[^/]*$") then
    return name
  end
  return nil
end

--- Lua code that sets the search paths. Only the interpreter that runs this
--- gets all of our paths: modules for one Lua may crash another.
local function paths_code(interpreter)
  local entry = own_path_entry()
  local code = ("package.path = %q .. package.path "):format(
    entry and entry .. ";" or "")
  if interpreter == current_interpreter() then
    code = code .. ("package.path, package.cpath = package.path .. %q,"
      .. " package.cpath .. %q "):format(";" .. package.path,
        ";" .. package.cpath)
  end
  return code
end

--- The first output line of a shell script; nil if there is none.
local function first_line(script)
  local pipe = assert(io.popen(script, "r"))
  local line = pipe:read("*l")
  pipe:close()
  return line ~= "" and line or nil
end

--- Finds an interpreter that has the `http` rock and lua-cjson.
---@param wanted? string name or path of the only one to try
---@return string? interpreter
---@return string[] tried
function M.find_interpreter(wanted)
  local candidates = { wanted }
  if not wanted then
    candidates = { current_interpreter() }
    for _, name in ipairs(CANDIDATES) do
      if name ~= candidates[1] then candidates[#candidates + 1] = name end
    end
  end
  local script = { FORGET_PATHS, 'try() { command -v "$1" >/dev/null 2>&1 &&'
    .. ' "$1" -e "$2" </dev/null >/dev/null 2>&1 &&'
    .. ' printf "%s\\n" "$1" && exit; }' }
  for _, name in ipairs(candidates) do
    script[#script + 1] = "try " .. quote(name) .. " "
      .. quote(paths_code(name) .. PROBE)
  end
  return first_line(table.concat(script, "\n")), candidates
end

--- Makes the folder of a sandbox and the FIFOs in it.
---@return string? folder nil if that is not possible
function M.make_folder()
  return first_line('umask 077; d=$(mktemp -d'
    .. ' "${TMPDIR:-/tmp}/truto-sandbox.XXXXXX") &&'
    .. ' mkfifo "$d/ready" "$d/questions" && printf "%s\\n" "$d"')
end

--- Starts the program.
---
--- The shell opens the FIFO, which waits until somebody reads it; so the
--- settings are written while a reader of them is certain to live, and a
--- program that dies at once is seen as the FIFO's end.
---@param interpreter string
---@param own_folder string
---@param settings string a line
---@return file* pipe its standard input
function M.run(interpreter, own_folder, settings)
  local code = paths_code(interpreter)
    .. ('require("truto.sandbox.server").main(%q)'):format(own_folder)
  local script = ("%s; exec >%s 2>&1 3<>%s; echo pid $$; exec %s -e %s")
    :format(FORGET_PATHS, quote(folder.ready_file(own_folder)),
      quote(folder.questions_file(own_folder)), quote(interpreter),
      quote(code))
  local pipe = assert(io.popen(script, "w"))
  pipe:write(settings, "\n")
  pipe:flush()
  return pipe
end

--- Waits until the program is ready.
---@param own_folder string
---@return table? report `pid`, `port`, `token`, and `output`, on which it
---  gives its answers; nil if it ended
---@return string output what it said instead, without the traceback
function M.wait(own_folder)
  local pid
  local output = {}
  local fifo, message = io.open(folder.ready_file(own_folder))
  if not fifo then return nil, message end
  for line in fifo:lines() do
    local port, token = line:match("^ready (%d+) (%S+)$")
    if port then
      return { pid = pid, port = port, token = token, output = fifo }, ""
    elseif line:find("^stack traceback:") then
      break
    elseif line:find("^pid %d+$") then
      pid = line:match("%d+")
    else
      output[#output + 1] = line
    end
  end
  fifo:close()
  return nil, table.concat(output, "\n", math.max(1, #output - 9))
end

--- Asks the program to end. It is our child and not yet waited for, so its id
--- cannot have become another's.
---@param pid string
function M.terminate(pid)
  os.execute("kill -TERM " .. pid .. " 2>/dev/null")
end

return M
