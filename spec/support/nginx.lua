--- A real nginx for specs and benchmarks: its own process, a folder of its
--- own, a free port, ended with `stop` and with this process.

local system = require "system"

local M = {}

local POLL = 0.005
local MODULES = { "ndk_http_module.so", "ngx_http_lua_module.so" }

local CONFIGURATION = [[
daemon off;
worker_processes $workers;
pid $folder/pid;
env TRUTO_LOG;
error_log $folder/error.log notice;
$modules
$main
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;
  lua_package_path "$lua_path";
  lua_package_cpath "$lua_cpath";
  $http
  server {
    listen 127.0.0.1:$port$listen;
    location = /ping { return 200 "pong"; }
    $server
  }
}
]]

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

local function read_all(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end

local function write_all(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

local function exists(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

--- The command of an nginx with Lua in it, or nil.
---@return string?
function M.find()
  local found = output_of(
    "PATH=$PATH:/usr/sbin:/usr/local/openresty/nginx/sbin; command -v nginx")
  return found ~= "" and found or nil
end

-- OpenResty has the modules built in.
local function load_modules(binary)
  local about = output_of(quote(binary) .. " -V 2>&1")
  local folder = about:match("%-%-modules%-path=(%S+)")
  local lines = {}
  for _, name in ipairs(MODULES) do
    if folder and exists(folder .. "/" .. name) then
      lines[#lines + 1] = "load_module " .. folder .. "/" .. name .. ";"
    end
  end
  return table.concat(lines, "\n")
end

-- Only a hint: somebody else may take it before nginx does.
local function free_port()
  local socket = require "cqueues.socket"
  local listener = socket.listen { host = "127.0.0.1", port = 0 }
  assert(listener:listen())
  local _, _, port = listener:localname()
  listener:close()
  return port
end

-- Workers of a root's nginx would else be "nobody" and read no spec's files.
local function run_as(options)
  if options.user then return "user " .. options.user .. ";\n" end
  return output_of "id -u" == "0" and "user root;\n" or ""
end

local function fill(template, values)
  return (template:gsub("%$(%l+_?%l*)", function(name)
    local value = values[name]
    return value and tostring(value) or nil
  end))
end

local function configuration(options, folder, port)
  local root = output_of "pwd"
  local build = options.build or "build/luajit"
  return fill(options.configuration or CONFIGURATION, {
    workers = options.workers or 1,
    folder = folder,
    port = port,
    listen = options.listen or "",
    modules = load_modules(options.binary),
    main = run_as(options) .. (options.main or ""),
    lua_path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s/?.lua;;"):format(root, root,
      folder),
    lua_cpath = ("%s/%s/?.so;;"):format(root, build),
    http = options.http or "",
    server = options.server or "",
  })
end

---@class truto.spec.Nginx
---@field url string of the server, without a slash at the end
---@field port integer
---@field folder string with error.log and what a spec puts there
---@field pid integer of the master
local Nginx = {}
Nginx.__index = Nginx

-- The shell ends nginx when our end of its input closes, however that comes.
local SHELL = [[%s %s -p %s -e %s/error.log -c %s/nginx.conf 2>%s/stderr &
read -r line
kill -TERM $! 2>/dev/null
wait]]

local function launch(options, folder)
  local at = quote(folder)
  return assert(io.popen(SHELL:format(options.environment or "",
    quote(options.binary), at, at, at, at), "w"))
end

local function wait_until(seconds, check, ...)
  local limit = system.monotime() + seconds
  repeat
    local value = check(...)
    if value then return value end
    system.sleep(POLL)
  until system.monotime() > limit
end

local function started_pid(folder)
  return tonumber(read_all(folder .. "/pid"):match "%d+")
end

local function has_failed(folder)
  local stderr = read_all(folder .. "/stderr")
  return stderr:find("[emerg]", 1, true) and stderr
end

local function try_start(options)
  local folder = output_of 'mktemp -d "${TMPDIR:-/tmp}/truto-nginx.XXXXXX"'
  os.execute("chmod 755 " .. quote(folder))
  local port = free_port()
  write_all(folder .. "/nginx.conf", configuration(options, folder, port))
  for name, text in pairs(options.files or {}) do
    write_all(folder .. "/" .. name, text)
  end
  local input = launch(options, folder)
  wait_until(10, function()
    return started_pid(folder) or has_failed(folder)
  end)
  return setmetatable({
    folder = folder, port = port, input = input,
    pid = started_pid(folder), url = "http://127.0.0.1:" .. port,
  }, Nginx)
end

--- Starts nginx; raises if it does not start.
---@param options table main, http, server: configuration text; workers, user,
---  listen (more words of the listen line), files (name to content, put into
---  the folder), environment (shell text), build (folder of the C module),
---  configuration (a whole one instead)
---@return truto.spec.Nginx
function M.start(options)
  options.binary = options.binary or assert(M.find(), "there is no nginx")
  for _ = 1, 5 do
    local nginx = try_start(options)
    if nginx.pid then return nginx end
    local reason = read_all(nginx.folder .. "/stderr")
    nginx:stop()
    if not reason:find("Address already in use", 1, true) then
      error("nginx did not start: " .. reason, 2)
    end
  end
  error("no free port for nginx", 2)
end

--- What the error log holds.
function Nginx:log() return read_all(self.folder .. "/error.log") end

--- Waits until the error log matches; raises with the log if it never does.
function Nginx:wait_for(pattern, seconds)
  local found = wait_until(seconds or 10, function()
    return self:log():match(pattern)
  end)
  if not found then
    error("not in nginx's log: " .. pattern .. "\n" .. self:log(), 2)
  end
  return found
end

--- One request by curl. Returns status and body.
---@param path string or a whole URL
---@param arguments? string more of curl's
function Nginx:get(path, arguments)
  local url = path:find "^/" and self.url .. path or path
  local text = output_of(("curl -sS -m 30 -w '\\n%%{http_code}' %s %s 2>&1")
    :format(arguments or "", quote(url)))
  local body, status = text:match "^(.-)\n?(%d%d%d)$"
  return tonumber(status), body or text
end

--- The same request that often at once. Returns how often each status came.
function Nginx:get_many(path, count, arguments)
  local text = output_of(("curl -sS -m 30 -Z --parallel-max %d "
    .. "--parallel-immediate %s -o /dev/null -w '%%{http_code}\\n' "
    .. "%s'?[1-%d]' 2>/dev/null"):format(
    count, arguments or "", quote(self.url .. path), count))
  local statuses = {}
  for status in text:gmatch "%d+" do
    status = tonumber(status)
    statuses[status] = (statuses[status] or 0) + 1
  end
  return statuses
end

--- Sends a signal to the master.
function Nginx:signal(name)
  os.execute("kill -" .. name .. " " .. self.pid)
end

--- The process ids of the workers that are not leaving.
function Nginx:workers()
  local list = {}
  local text = output_of("ps -o pid=,args= --ppid " .. self.pid)
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local pid = line:match "^%s*(%d+) nginx: worker process$"
    if pid then list[#list + 1] = tonumber(pid) end
  end
  return list
end

--- Whether all processes have ended, waiting that long at most.
function Nginx:ended(seconds)
  return wait_until(seconds or 10, function()
    local state = output_of("ps -o stat= -p " .. self.pid)
    return state == "" or state:sub(1, 1) == "Z"
  end) ~= nil
end

-- What workers print to stderr is in the error log as well.
local function find_canary(nginx)
  local text = nginx:log() .. read_all(nginx.folder .. "/stderr")
  return text:match "[^\n]*canary%-[^\n]*"
end

--- Ends nginx and removes its folder. May be called twice. Raises if a secret
--- of the specs, which begin with "canary-", stands in what nginx printed.
function Nginx:stop()
  if not self.input then return end
  local input = self.input
  self.input = nil
  input:close()
  local leaked = find_canary(self)
  os.execute("rm -rf " .. quote(self.folder))
  if leaked then error("a secret in nginx's log: " .. leaked, 2) end
end

return M
