--- A local Truto to try, test and measure scripts against.
---
---     local sandbox = truto.assert(require "truto.sandbox".start())
---     local client = truto.assert(truto.new {
---       base_url = sandbox.base_url,
---       token = sandbox.token,
---       ca_file = sandbox.ca_file,
---     })
---     client.datastore.update("ds_s3", { label = "nightly" })
---     sandbox.stop()
---
--- It is a process of its own, an HTTPS server (HTTP/1.1 and HTTP/2) with a
--- throw-away certificate authority, and ends when whoever started it ends.
--- Its datastores are in memory. The program needs the `http` rock and
--- lua-cjson under any Lua of this machine, which need not be the caller's.

local errors = require "truto.errors"
local faults = require "truto.sandbox.faults"
local folder = require "truto.sandbox.folder"
local launcher = require "truto.sandbox.launcher"
local program = require "truto.sandbox.program"
local remote = require "truto.sandbox.remote"
local seeds = require "truto.sandbox.seeds"
local start_options = require "truto.sandbox.options"

local M = {}

---@class truto.Sandbox
---@field base_url string
---@field token string
---@field ca_file string path of the authority's certificate, PEM
---@field token_file string path of a file with the token
---@field fault fun(fault: truto.sandbox.Fault): true?, truto.Error? requests
---  that fit meet this fault from now on; a wrong fault raises
---@field clear_faults fun(): true?, truto.Error? ends all of them
---@field requests fun(): truto.sandbox.Arrival[]?, truto.Error? what arrived,
---  the newest thousand; secrets show as `[secret]`
---@field datastores fun(): table[]?, truto.Error? what is kept; secrets show as
---  `[secret]`
---@field reset fun(): true?, truto.Error? all is as it was at the start
---@field run fun(command: string): integer runs a command of the shell with
---  `TRUTO_API_TOKEN`, `TRUTO_BASE_URL` and `TRUTO_CA_FILE` set; its status
---@field stop fun() ends it and returns when it is gone; may be called again

local function no_interpreter(tried)
  return errors.new {
    kind = "setup",
    code = "sandbox_unavailable",
    message = "no Lua interpreter here can run the sandbox (tried "
      .. table.concat(tried, ", ") .. "): it needs the http rock and"
      .. " lua-cjson; install Debian's packages luajit2 (or lua5.1),"
      .. " lua-http and lua-cjson, or the rocks with `luarocks install http`"
      .. " and `luarocks install lua-cjson`",
  }
end

local function failed(output)
  return errors.new {
    kind = "setup",
    code = "sandbox_failed",
    message = "the sandbox did not start: " .. output,
  }
end

--- Calls `stop` when the sandbox is collected or leaves a `<close>` scope.
--- Lua 5.1 collects no tables, only userdata.
local function stop_with(sandbox, stop)
  local finalizer = { __gc = stop, __close = stop }
  if rawget(_G, "newproxy") then
    finalizer.proxy = newproxy(true)
    getmetatable(finalizer.proxy).__gc = stop
  end
  return setmetatable(sandbox, finalizer)
end

local function settings_of(options, datastores)
  local rate_limit = options.rate_limit or {}
  return remote.encode {
    token = options.token,
    port = options.port or 0,
    limit = rate_limit.limit or 500,
    window = rate_limit.window or 10,
    ratelimit_headers = rate_limit.headers or false,
    datastores = datastores,
  }
end

-- Raises at the caller of what is returned.
local function fault_setter(connection)
  return function(fault)
    if type(fault) ~= "table" then
      error("sandbox.fault: the fault must be a table, not a " .. type(fault),
        2)
    end
    local checked, message = faults.check(fault)
    if not checked then error("sandbox.fault: the fault " .. message, 2) end
    return connection.ask("fault", checked)
  end
end

local function new_sandbox(report, own_folder, pipe)
  local connection = remote.connect(own_folder, report.output)
  local function stop()
    if not pipe then return end
    local open_pipe = pipe
    pipe = nil
    connection.close()
    launcher.terminate(report.pid)
    open_pipe:close()
    folder.remove(own_folder)
  end
  local sandbox = {
    base_url = "https://127.0.0.1:" .. report.port,
    token = report.token,
    ca_file = folder.authority_file(own_folder),
    token_file = folder.token_file(own_folder),
    fault = fault_setter(connection),
    clear_faults = function() return connection.ask "clear_faults" end,
    requests = function() return connection.ask "requests" end,
    datastores = function() return connection.ask "datastores" end,
    reset = function() return connection.ask "reset" end,
    stop = stop,
  }
  function sandbox.run(command)
    if type(command) ~= "string" then
      error("sandbox.run: the command must be a string, not a "
        .. type(command), 2)
    end
    return program.run(sandbox, command)
  end
  return stop_with(sandbox, stop)
end

--- Starts a sandbox; it is ready when this returns.
---
--- Keep the table: a sandbox that is collected is stopped.
---@param options? truto.sandbox.Options a wrong one raises
---@return truto.Sandbox? sandbox
---@return truto.Error? err of kind `setup`: no interpreter for it here
---  (`sandbox_unavailable`), or it did not start (`sandbox_failed`); of kind
---  `validation`: a config in `datastores` is wrong
function M.start(options)
  options = options or {}
  start_options.check(options, 3)
  local datastores, err = seeds.read(options.datastores, 3)
  if err then return nil, err end
  local interpreter, tried = launcher.find_interpreter(options.interpreter)
  if not interpreter then return nil, no_interpreter(tried) end
  local own_folder = launcher.make_folder()
  if not own_folder then return nil, failed("mktemp or mkfifo failed") end
  local pipe = launcher.run(interpreter, own_folder,
    settings_of(options, datastores))
  local report, output = launcher.wait(own_folder)
  if not report then
    pipe:close()
    folder.remove(own_folder)
    return nil, failed(output)
  end
  return new_sandbox(report, own_folder, pipe)
end

return M
