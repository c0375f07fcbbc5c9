-- Updates in nginx's own thread pools, by ngx.run_worker_thread: there the
-- calling thread may wait, and nothing of the worker is reached. On LuaJIT
-- only, as site_spec.lua.

local vm = require "support.vm"
if vm.name ~= "luajit" then return end

local exchange = require "support.exchange"
local fault_server = require "support.server"
local site = require "support.nginx_site"

local server = exchange.server

if not site.is_there() then
  it("works inside nginx", function()
    pending "nginx with its Lua module is not installed"
  end)
  return
end

before_each(function() server:reset() end)
after_each(site.stop)

-- The module that a thread of the pool requires.
local TASK = [[
  local truto = require "truto"
  local M = {}
  function M.update(base_url, ca_file)
    local client = assert(truto.new {
      token = "%s", ca_file = ca_file, base_url = base_url, timeout = 30,
      max_attempts = 1,
    })
    local datastore, err = client.datastore.update("ds_1", { label = "x" })
    client.close()
    return datastore and datastore.id
      or table.concat({ err.kind, err.code, err.outcome }, " ")
  end
  return M
]]

local LOCATIONS = [[
  location = /thread { content_by_lua_block {
    answered = false
    local ran, text = ngx.run_worker_thread("pool", "task", "update",
      ngx.var.arg_base_url, ngx.var.arg_ca_file)
    answered = true
    ngx.say(text)
  } }
  location = /answered { content_by_lua_block { ngx.say(answered) } }
]]

local function start()
  return site.start {
    http = "init_by_lua_block { answered = false }",
    main = "thread_pool pool threads=2;",
    files = { ["task.lua"] = TASK:format(exchange.TOKEN) },
    server = LOCATIONS,
  }
end

local function path(to, fault)
  return ("/thread?base_url=%s/%s&ca_file=%s"):format(to.https, fault,
    to.ca_file)
end

describe("an update in ngx.run_worker_thread (C12)", function()
  it("is one request, with its own answer", function()
    local one = start()
    assert.same({ 200, "ds_1\n" }, { one:get(path(server, "record")) })
    assert.same({ 200, "api not_found rejected\n" },
      { one:get(path(server, "status=404")) })
    assert.equal(2, #server:log())
  end)

  it("waits in that thread alone", function()
    local silent = fault_server.start()
    finally(function() silent:stop() end)
    local one = start()
    local waiting = io.popen(("curl -sS -m 60 '%s%s'"):format(one.url,
      path(silent, "silent")))
    silent:wait_for "request"
    assert.same({ 200, "false\n" }, { one:get "/answered" })
    silent:stop()
    local text = waiting:read "*a"
    waiting:close()
    assert.equal("network connection_lost unknown\n", text)
    assert.same({ 200, "true\n" }, { one:get "/answered" })
  end)
end)
