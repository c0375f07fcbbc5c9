-- What updates do to a worker of nginx, and a worker to them: threads, the
-- program's own tables, names that do not resolve, machines that lack
-- something. On LuaJIT only, as site_spec.lua.

local vm = require "support.vm"
if vm.name ~= "luajit" then return end

local exchange = require "support.exchange"
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

local function preload(name, variables)
  return ("LD_PRELOAD=%s/%s.so %s"):format(vm.build, name, variables or "")
end

-- How many a process has of what /proc lists in that folder.
local function entries(pid, folder)
  local pipe = io.popen(("ls /proc/%d/%s | wc -l"):format(pid, folder))
  local count = tonumber(pipe:read "*a")
  pipe:close()
  return count
end

local function threads(pid) return entries(pid, "task") end

-- The workers' process ids; nginx has its own file before it has them.
local function workers_of(one, count)
  local list
  for _ = 1, 500 do
    list = one:workers()
    if #list == count then break end
  end
  assert.equal(count, #list)
  return list
end

-- Asks until that is the answer; the last one, if it never is.
local function ask_until(one, path, wanted)
  local text
  for _ = 1, 500 do
    text = select(2, one:get(path))
    if text == wanted then break end
  end
  return text
end

-- Asks until each of `count` workers has answered with its own number.
local function ask_workers(one, count, path)
  local seen, left = {}, count
  for _ = 1, 500 do
    local _, pid = one:get(path)
    pid = pid:match "^%d+"
    if pid and not seen[pid] then left = left - 1 end
    seen[pid or "none"] = true
    if left == 0 then break end
  end
  assert.equal(0, left)
end

-- OpenSSL would ask for the pass phrase, where a terminal is or not, and stop
-- all that the worker's thread has under way.
describe("an encrypted key of the client (T15)", function()
  it("is an error at once, and stops no other update", function()
    local key = os.tmpname()
    os.execute(("cp %s %s"):format(server.files.key, key))
    local one = site.start { server = ([[
      location = /locked { content_by_lua_block {
        local locked = assert(require("truto").new {
          token = "x", ca_file = %q, base_url = %q, max_attempts = 1,
          client_cert = %q, client_key = %q,
        })
        os.execute "cp %s %s"
        local _, err = locked.datastore.update("ds_1", { label = "x" })
        ngx.say(err.code)
      } }]]):format(server.ca_file, server:url("client_cert", "record"),
      server.files.client, key, server.files.key_pkcs8, key) }
    local _, text = one:get "/locked"
    assert.equal("client_key_encrypted\n", text)
    assert.equal("ds_1\n", select(2, one:get "/update"))
    os.remove(key)
  end)
end)

describe("the thread", function()
  local PID = "location = /pid { content_by_lua_block { " .. site.UPDATE
    .. " ngx.say(ngx.ctx.answer == 'ds_1' and ngx.worker.pid()) } }"

  it("is each worker's own, from its first update on (C03)", function()
    local one = site.start { workers = 3, listen = " reuseport", server = PID }
    local workers = workers_of(one, 3)
    for _, pid in ipairs(workers) do assert.equal(1, threads(pid)) end
    ask_workers(one, 3, "/pid")
    for _, pid in ipairs(workers) do assert.equal(2, threads(pid)) end
    assert.equal(1, threads(one.pid))
    local connections, count = {}, 0
    for _, entry in ipairs(server:log()) do
      if not connections[entry.connection] then count = count + 1 end
      connections[entry.connection] = true
    end
    assert.equal(3, count)
  end)

  it("is there again after HUP, in workers alone (C03)", function()
    local one = site.start { server = PID }
    one:get "/pid"
    local before = workers_of(one, 1)[1]
    one:signal "HUP"
    one:wait_for("worker process " .. before .. " exited with code 0")
    assert.matches("^%d", select(2, one:get "/pid"))
    assert.equal(2, threads(one:workers()[1]))
    assert.equal(1, threads(one.pid))
  end)

  for lacking, reason in pairs {
    threads = "cannot start its thread: ",
    folders = "cannot make its socket in /tmp or /dev/shm: ",
    proc = "is /proc mounted?",
  } do
    it("that cannot start is an error, not a blocking call: " .. lacking,
      function()
        local one = site.start {
          environment = preload("lacks", "TRUTO_SPEC_LACKS=" .. lacking),
          server = [[location = /why { content_by_lua_block {
            local _, err = clients.record.datastore.update("ds_1",
              { label = "x" })
            ngx.say(err.kind, " ", err.code, " ", err.outcome, " ",
              err.attempts, ": ", err.message)
          } }]],
        }
        for _ = 1, 2 do
          local status, text = one:get "/why"
          assert.equal(200, status)
          assert.matches("^setup background_unavailable not_sent 0: ", text)
          assert.matches(reason, text, 1, true)
        end
        assert.same({}, server:log())
      end)
  end
end)

describe("the limit of updates under way", function()
  it("is each worker's own", function()
    local one = site.start {
      workers = 2,
      http = site.clients {
        before = [[require("truto.background").limit(2, 1)]],
      } .. [[init_worker_by_lua_block {
        for i = 1, 5 do
          assert(ngx.timer.at(0, function()
            local _, err =
              clients.silent.datastore.update("ds_1", { label = "x" },
                { timeout = 0.5 })
            ngx.log(ngx.NOTICE, "ended ", ngx.worker.pid(), " ", err.code)
          end))
        end
      }]],
    }
    local refused = {}
    for pid in one:wait_for(("ended .*"):rep(10))
      :gmatch "ended (%d+) too_many_in_flight" do
      refused[tonumber(pid)] = (refused[tonumber(pid)] or 0) + 1
    end
    local first, second = unpack(workers_of(one, 2))
    assert.same({ [first] = 2, [second] = 2 }, refused)
  end)
end)

describe("lua_code_cache off", function()
  it("leaves no thread and no descriptor of a request behind", function()
    local one = site.start {
      http = "lua_code_cache off;",
      server = ([[location = /fresh { content_by_lua_block {
        local client = assert(require("truto").new { token = "%s",
          ca_file = "%s", base_url = "%s" })
        ngx.say(client.datastore.update("ds_1", { label = "x" }).id)
      } }]]):format(exchange.TOKEN, server.ca_file, server:url "https"),
    }
    local worker = workers_of(one, 1)[1]
    local function after(count)
      for _ = 1, count do
        assert.same({ 200, "ds_1\n" }, { one:get "/fresh" })
      end
    end
    after(5)
    local descriptors = entries(worker, "fd")
    after(15)
    for _ = 1, 500 do -- curl's own connection may be closed late
      if entries(worker, "fd") <= descriptors then break end
    end
    assert.is_true(entries(worker, "fd") <= descriptors)
    assert.equal(1, threads(worker))
  end)
end)

describe("a worker's own tables", function()
  it("are left as they were: globals and ngx.ctx", function()
    local one = site.start {
      server = [[location = /own { content_by_lua_block {
        local ctx, before, new = ngx.ctx, {}, {}
        ctx.own = "mine"
        for name, value in pairs(_G) do before[name] = value end
        for _, fault in ipairs { "record", "status=404", "silent" } do
          clients[fault].datastore.update("ds_1", { label = "x" },
            { timeout = 0.3 })
        end
        for name, value in pairs(_G) do
          if before[name] ~= value then new[#new + 1] = name end
        end
        for name in pairs(ngx.ctx) do new[#new + 1] = name end
        ngx.say(ngx.ctx == ctx, " ", table.concat(new, " "))
      } }]],
    }
    assert.same({ 200, "true own\n" }, { one:get "/own" })
  end)
end)

describe("a wait between attempts", function()
  it("is ngx.sleep: others are served meanwhile", function()
    local one = site.start {
      clients = {
        options = "max_attempts = 2,",
        before = [[
          local sleep = ngx.sleep
          slept = {}
          ngx.sleep = function(seconds)
            slept[#slept + 1] = seconds
            return sleep(seconds)
          end]],
      },
      server = [[location = /slept { content_by_lua_block {
        ngx.say(#slept, " ", slept[1] and slept[1] > 29)
      } }]],
    }
    local pipe = io.popen(("curl -s -m 30 '%s/update?fault="
      .. "status=503,retry-after=30' 2>/dev/null"):format(one.url))
    server:wait_for "request"
    assert.equal("1 true\n", ask_until(one, "/slept", "1 true\n"))
    assert.same({ 200, "ds_1\n" }, { one:get "/update" })
    one:signal "TERM"
    pipe:close()
    assert.is_true(one:ended())
    assert.equal(2, #server:log())
  end)
end)

describe("a name that does not resolve (N04)", function()
  local RESOLVE = [[location = /resolve { content_by_lua_block {
    local _, err = slow.datastore.update("ds_1", { label = "x" })
    ngx.say(err.kind, " ", err.code, " ", err.outcome, " ", err.attempts)
  } }]]

  local function start(timeout, main)
    return site.start {
      environment = preload "slow_resolver",
      main = main,
      server = RESOLVE,
      clients = { after = ([[
        slow = truto.new { token = "t-123456", base_url = "https://a.slow",
          timeout = %g, connect_timeout = %g, max_attempts = 1 }]])
        :format(timeout, timeout) },
    }
  end

  local function resolve(one)
    local pipe = io.popen("curl -s -m 30 " .. one.url .. "/resolve")
    assert.equal("1\n", ask_until(one, "/counts?of=running", "1\n"))
    return pipe
  end

  it("stalls no call to another host, nor its own end", function()
    local one = start(1)
    local pipe = resolve(one)
    for _ = 1, 3 do assert.same({ 200, "ds_1\n" }, { one:get "/update" }) end
    assert.equal("timeout connect_timeout not_sent 1\n", pipe:read "*a")
    pipe:close()
  end)

  it("keeps no worker from leaving", function()
    local one = start(15, "worker_shutdown_timeout 100ms;")
    local pipe = resolve(one)
    one:signal "QUIT"
    assert.is_true(one:ended(10)) -- the resolver would take 20 s
    pipe:close()
  end)
end)
