-- Many updates at once inside nginx, and what happens to them when it
-- reloads, leaves, or their callers do. On LuaJIT only, as site_spec.lua.

local vm = require "support.vm"
if vm.name ~= "luajit" then return end

local exchange = require "support.exchange"
local site = require "support.nginx_site"
local system = require "system"
local upstreams = require "support.upstream"

local server = exchange.server

if not site.is_there() then
  it("works inside nginx", function()
    pending "nginx with its Lua module is not installed"
  end)
  return
end

before_each(function() server:reset() end)
after_each(site.stop)

describe("with 50 transfers in flight", function()
  local function all_read(count)
    local seen = 0
    server:wait_for(function(entry)
      if not entry.event then seen = seen + 1 end
      return seen == count
    end)
  end

  -- Returns how often each status came back.
  local function under_load(one, fault, act)
    local pipe = io.popen(("curl -s -m 20 -Z --parallel-max 50 "
      .. "--parallel-immediate -o /dev/null -w '%%{http_code}\\n' "
      .. "'%s/update?fault=%s&[1-50]' 2>/dev/null"):format(one.url, fault))
    all_read(50)
    act()
    local statuses = {}
    for status in pipe:lines() do
      statuses[status] = (statuses[status] or 0) + 1
    end
    pipe:close()
    return statuses
  end

  it("HUP loses none of them (C03)", function()
    local one = site.start {}
    local before = one:workers()[1]
    assert.same({ ["200"] = 50 }, under_load(one, "status=200,delay=0.7",
      function() one:signal "HUP" end))
    assert.not_equal(before, one:workers()[1])
    assert.same({ 200, "ds_1\n" }, { one:get "/update" })
  end)

  it("QUIT loses none of them (C03)", function()
    local one = site.start {}
    assert.same({ ["200"] = 50 }, under_load(one, "status=200,delay=0.7",
      function() one:signal "QUIT" end))
    assert.is_true(one:ended())
  end)

  for _, main in ipairs { "", "worker_shutdown_timeout 300ms;" } do
    it("QUIT leaves no socket of a timer's update " .. main, function()
      local one = site.start {
        main = main,
        server = [[location = /timer { content_by_lua_block {
          assert(ngx.timer.at(0, function()
            local datastore, err = clients["status=200,delay=0.7"]
              .datastore.update("ds_1", { label = "x" })
            ngx.log(ngx.NOTICE, "timer ", datastore and datastore.id
              or err.outcome)
          end))
        } }]],
      }
      one:get "/timer"
      all_read(1)
      one:signal "QUIT"
      assert.is_true(one:ended())
      assert.matches(main == "" and "timer ds_1" or "timer unknown",
        one:log(), 1, true)
    end)
  end

  it("TERM ends the worker without waiting for them", function()
    local one = site.start {}
    assert.same({ ["000"] = 50 }, under_load(one, "silent",
      function() one:signal "TERM" end))
    assert.is_true(one:ended())
    assert.matches("exited with code 0", one:log(), 1, true)
  end)

  it("worker_shutdown_timeout ends those that go on", function()
    local one = site.start { main = "worker_shutdown_timeout 300ms;" }
    under_load(one, "silent", function() one:signal "QUIT" end)
    assert.is_true(one:ended())
  end)

  it("clients that go away cancel theirs", function()
    local one = site.start { server = "lua_check_client_abort on;" }
    local pipe = io.popen(("curl -s -m 0.5 -Z --parallel-max 50 "
      .. "--parallel-immediate '%s/update?fault=silent&[1-50]' 2>/dev/null")
      :format(one.url))
    all_read(50)
    pipe:close()
    local limit, status, text = system.monotime() + 5
    repeat
      status, text = one:get "/counts?of=cancelled"
    until text == "50\n" or system.monotime() > limit
    assert.same({ 200, "50\n" }, { status, text })
    assert.same({ 200, "0\n" }, { one:get "/counts?of=running" })
    assert.same({ 200, "ds_1\n" }, { one:get "/update" })
  end)
end)

describe("more callers at once than a kernel lets wait", function()
  it("are all served", function()
    local one = site.start {
      environment = "LD_PRELOAD=$PWD/" .. vm.build .. "/older.so",
      server = [[location = /burst { content_by_lua_block {
        local good, threads = 0, {}
        for i = 1, 100 do
          threads[i] = ngx.thread.spawn(function()
            if clients.record.datastore.update("ds_1", { label = "x" }) then
              good = good + 1
            end
          end)
        end
        for i = 1, 100 do ngx.thread.wait(threads[i]) end
        ngx.print(good)
      } }]],
    }
    assert.same({ 200, "100" }, { one:get "/burst" })
  end)
end)

describe("memory", function()
  -- Of the worker, resident.
  local function kilobytes(one)
    local file = assert(io.open("/proc/" .. one:workers()[1] .. "/status"))
    local text = file:read "*a"
    file:close()
    return tonumber(text:match "VmRSS:%s*(%d+)")
  end

  local LOAD = [[location = /load { content_by_lua_block {
    local left, good, threads = tonumber(ngx.var.arg_calls), 0, {}
    for i = 1, tonumber(ngx.var.arg_threads) do
      threads[i] = ngx.thread.spawn(function()
        while left > 0 do
          left = left - 1
          if client.datastore.update("ds_1", { label = "x" }) then
            good = good + 1
          end
        end
      end)
    end
    for i = 1, #threads do ngx.thread.wait(threads[i]) end
    collectgarbage()
    ngx.print(good)
  } }]]

  local function load_from(upstream, timeout)
    return site.start {
      server = LOAD,
      http = ([[init_by_lua_block {
        require("truto.core").background.keep_idle(0.5)
        client = assert(require("truto").new { token = "canary-t-123",
          base_url = "%s", ca_file = "%s", max_attempts = 1, timeout = %g })
      }]]):format(upstream.base_url, upstream.ca_file, timeout),
    }
  end

  it("is after 10,000 calls what it was", function()
    local upstream = upstreams.start(0)
    local one = load_from(upstream, 30)
    assert.same({ 200, "3000" }, { one:get "/load?threads=32&calls=3000" })
    local before = kilobytes(one)
    assert.same({ 200, "7000" }, { one:get "/load?threads=32&calls=7000" })
    local growth = kilobytes(one) - before
    upstream:stop()
    assert.is_true(growth < 1024, growth .. " KiB more after 7,000 calls")
  end)

  it("comes back after calls that nobody answered", function()
    local upstream = upstreams.start(3600)
    local one = load_from(upstream, 1)
    assert.same({ 200, "0" }, { one:get "/load?threads=200&calls=200" })
    local peak = kilobytes(one)
    local limit = system.monotime() + 10
    repeat system.sleep(0.02) until kilobytes(one) < 0.8 * peak
      or system.monotime() > limit
    upstream:stop()
    assert.is_true(kilobytes(one) < 0.8 * peak)
  end)
end)
