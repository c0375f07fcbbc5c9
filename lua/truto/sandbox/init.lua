--- A local Truto to try, test and measure scripts against.
---
---     local sandbox = assert(require "truto.sandbox".start())
---     local client = truto.new {
---       base_url = sandbox.base_url,
---       token = sandbox.token,
---       ca_file = sandbox.ca_file,
---     }
---     client.datastore.update("ds_s3", { label = "nightly" })
---     sandbox.stop()
---
--- It is a process of its own, an HTTPS server (HTTP/1.1 and HTTP/2) with a
--- throw-away certificate authority, and ends when whoever started it ends.
--- Its datastores are `ds_mongo`, `ds_gcs`, `ds_s3` and `ds_qdrant`, in memory.
--- The program needs the `http` rock and lua-cjson under any Lua of this
--- machine, which need not be the caller's.
---
--- Faults are asked for by a request header, see `truto.sandbox.faults`.

local errors = require "truto.errors"
local folder = require "truto.sandbox.folder"
local launcher = require "truto.sandbox.launcher"
local start_options = require "truto.sandbox.options"

local M = {}

---@class truto.Sandbox
---@field base_url string
---@field token string
---@field ca_file string path of the authority's certificate, PEM
---@field stop fun() ends it and returns when it is gone; may be called again

local function no_interpreter(tried)
  return errors.new {
    kind = "setup",
    code = "sandbox_unavailable",
    message = "no Lua interpreter here can run the sandbox (tried "
      .. table.concat(tried, ", ") .. "): it needs the http rock and"
      .. " lua-cjson; install Debian's packages lua5.3,"
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

--- Starts a sandbox; it is ready when this returns.
---
--- Keep the table: a sandbox that is collected is stopped.
---@param options? truto.sandbox.Options a wrong one raises
---@return truto.Sandbox? sandbox
---@return truto.Error? err of kind `setup`: no interpreter for it here
---  (`sandbox_unavailable`), or it did not start (`sandbox_failed`)
function M.start(options)
  options = options or {}
  start_options.check(options, 3)
  local interpreter, tried = launcher.find_interpreter(options.interpreter)
  if not interpreter then return nil, no_interpreter(tried) end
  local own_folder = launcher.make_folder()
  if not own_folder then return nil, failed("mktemp or mkfifo failed") end
  local rate_limit = options.rate_limit or {}
  local pipe = launcher.run(interpreter, own_folder, {
    token = options.token,
    port = options.port or 0,
    limit = rate_limit.limit or 500,
    window = rate_limit.window or 10,
  })
  local report, output = launcher.wait(own_folder)
  if not report then
    pipe:close()
    folder.remove(own_folder)
    return nil, failed(output)
  end
  local function stop()
    if not pipe then return end
    local open_pipe = pipe
    pipe = nil
    launcher.terminate(report.pid)
    open_pipe:close()
    folder.remove(own_folder)
  end
  return stop_with({
    base_url = "https://127.0.0.1:" .. report.port,
    token = report.token,
    ca_file = folder.authority_file(own_folder),
    stop = stop,
  }, stop)
end

return M
