--- The programs that the benchmarks run, and how: each makes the updates of
--- one row of rows.json, prints CPU microseconds an update and its peak memory.

local M = {}

local function lua(vm, program)
  return ("LUA_CPATH='build/%s/?.so;;' %s spec/bench/%s.lua"):format(vm, vm,
    program)
end

-- A program, and why it cannot run here, if so.
local function peer(vm, program, modules)
  local check = ("%s -e '%s' 2>/dev/null"):format(vm, modules)
  local status = os.execute(check)
  local there = status == true or status == 0
  return {
    command = lua(vm, program),
    missing = not there and "not installed for " .. vm or nil,
  }
end

--- One at a time, the reference first.
M.ONE = {
  { name = "plain C, the same bytes", command = "build/bench/baseline" },
  { name = "truto, Lua 5.4", command = lua("lua5.4", "one") },
  { name = "truto, LuaJIT", command = lua("luajit", "one") },
}

--- The same without the checks, as the reference, and with them.
M.VALIDATION = {
  { name = "validate = false",
    command = "BENCH_VALIDATE=off " .. M.ONE[2].command },
  { name = "validation on", command = M.ONE[2].command },
}

--- Many at once, the reference first.
M.MANY = {
  { name = "curl_multi with epoll", command = "build/bench/baseline_many" },
  { name = "background, Lua 5.4", command = lua("lua5.4", "background") },
  { name = "background, LuaJIT", command = lua("luajit", "background") },
}

--- Programs of one update over the system's authorities.
M.COLD = {
  { name = "plain C, the bundle", command = M.ONE[1].command,
    authorities = "bundle" },
  { name = "plain C, the directory", command = M.ONE[1].command,
    authorities = "directory" },
  { name = "truto, Lua 5.4", command = M.ONE[2].command,
    authorities = "bundle" },
  { name = "truto, LuaJIT", command = M.ONE[3].command,
    authorities = "bundle" },
}

--- Other libraries, by hand, doing the same work.
function M.peers()
  local luasec = peer("lua5.4", "luasec", 'require "ssl" require "cjson"')
  luasec.name = "LuaSocket, LuaSec, lua-cjson; Lua 5.4"
  local http = peer("luajit", "lua_http", 'require "http.request"')
  http.name = "lua-http, lua-cjson; LuaJIT"
  return { luasec, http }
end

--- What follows the program: which updates, where to, and as whom.
---@param row string a name in rows.json
---@param count integer
---@param service {base_url: string, token: string, ca_file: string}
---@param in_flight? integer
---@return string
function M.arguments(row, count, service, in_flight)
  local core = require "truto.core"
  return ("%s %d %s %s %s 'truto-lua/%s libcurl/%s' %s"):format(row, count,
    service.base_url, service.token, service.ca_file,
    require "truto.version", core.libcurl_version, in_flight or "")
end

return M
