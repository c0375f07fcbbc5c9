-- Updates from inside a real nginx. It brings its own LuaJIT, so one run of
-- these is enough, on the VM for which the C module fits.

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

-- A second server of the same nginx, and how curl gets there.
local TLS_SOCKET = os.tmpname() .. ".socket"
local THROUGH_TLS = "-k --unix-socket " .. TLS_SOCKET

describe("inside nginx an update works", function()
  local HANDLERS = [[
    location = /rewrite { rewrite_by_lua_block { %s }
      content_by_lua_block { ngx.say(ngx.ctx.answer) } }
    location = /access { access_by_lua_block { %s }
      content_by_lua_block { ngx.say(ngx.ctx.answer) } }
    location = /coroutine { content_by_lua_block {
      coroutine.wrap(function() %s end)()
      ngx.say(ngx.ctx.answer)
    } }
    location = /thread { content_by_lua_block {
      local good = 0
      local threads = {}
      for i = 1, 50 do
        threads[i] = ngx.thread.spawn(function()
          if clients.record.datastore.update("ds_" .. i, { label = "x" }) then
            good = good + 1
          end
        end)
      end
      for i = 1, 50 do ngx.thread.wait(threads[i]) end
      ngx.say(good)
    } }
    location = /timer { content_by_lua_block {
      local semaphore = require("ngx.semaphore").new()
      local answer
      assert(ngx.timer.at(0, function()
        local datastore, err =
          clients.record.datastore.update("ds_1", { label = "x" })
        answer = datastore and datastore.id or tostring(err)
        semaphore:post(1)
      end))
      semaphore:wait(5)
      ngx.say(answer)
    } }
  ]]

  it("in rewrite, access, content, threads, coroutines and timers", function()
    local one = site.start {
      server = HANDLERS:gsub("%%s", function() return site.UPDATE end),
    }
    for _, path in ipairs {
      "/rewrite", "/access", "/update", "/coroutine", "/timer",
    } do
      assert.same({ 200, "ds_1\n" }, { one:get(path) }, path)
    end
    assert.same({ 200, "50\n" }, { one:get "/thread" })
    assert.equal(55, #server:log())
  end)

  it("in server_rewrite and ssl_certificate", function()
    local one = site.start {
      server = ([[
        server_rewrite_by_lua_block {
          if ngx.var.uri == "/first" then
            %s
            ngx.say(ngx.ctx.answer)
            ngx.exit(200)
          end
        }
      }
      server {
        listen unix:%s ssl;
        ssl_certificate %s;
        ssl_certificate_key %s;
        ssl_certificate_by_lua_block {
          local datastore = clients.record.datastore.update("ds_2",
            { label = "x" })
          package.loaded.answer = datastore and datastore.id
        }
        location / { content_by_lua_block { ngx.say(package.loaded.answer) } }
      ]]):format(site.UPDATE, TLS_SOCKET, server.files.client,
        server.files.key),
    }
    assert.same({ 200, "ds_1\n" }, { one:get "/first" })
    assert.same({ 200, "ds_2\n" },
      { one:get("https://localhost/", THROUGH_TLS) })
  end)

  it("with lua_code_cache off", function()
    local one = site.start {
      http = "lua_code_cache off;",
      server = ([[location = /fresh { content_by_lua_block {
        local client = assert(require("truto").new { token = "%s",
          ca_file = "%s", base_url = "%s" })
        ngx.say(client.datastore.update("ds_1", { label = "x" }).id)
      } }]]):format(exchange.TOKEN, server.ca_file, server:url "https"),
    }
    for _ = 1, 3 do assert.same({ 200, "ds_1\n" }, { one:get "/fresh" }) end
    assert.same({ [200] = 20 }, one:get_many("/fresh", 20))
  end)

  it("as nobody, after root has read the configuration", function()
    if not os.execute "test $(id -u) = 0" then return end
    local path = os.tmpname()
    os.execute(("install -m 644 %s %s"):format(server.ca_file, path))
    local one = site.start {
      user = "nobody nogroup",
      clients = { ca_file = path },
      server = "location = /user { content_by_lua_block { "
        .. "local pipe = io.popen 'id -un' ngx.print(pipe:read '*a') } }",
    }
    assert.same({ 200, "nobody\n" }, { one:get "/user" })
    assert.same({ 200, "ds_1\n" }, { one:get "/update" })
    os.remove(path)
  end)

  it("with driver = \"blocking\" only by that name", function()
    local one = site.start { clients = { options = [[driver = "blocking"]] } }
    assert.same({ 200, "ds_1\n" }, { one:get "/update" })
    assert.same({ 200, "none\n" }, { one:get "/counts?of=finished" })
  end)

  it("in two workers, each with its own thread and connection", function()
    local one = site.start {
      workers = 2,
      listen = " reuseport",
      server = "location = /pid { content_by_lua_block { " .. site.UPDATE
        .. " ngx.say(ngx.worker.pid()) } }",
    }
    local seen, count = {}, 0
    for _ = 1, 200 do
      local _, pid = one:get "/pid"
      if not seen[pid] then count = count + 1 end
      seen[pid] = true
      if count == 2 then break end
    end
    assert.equal(2, count)
    local connections, kept = {}, 0
    for _, entry in ipairs(server:log()) do
      if not connections[entry.connection] then kept = kept + 1 end
      connections[entry.connection] = true
    end
    assert.equal(2, kept)
  end)
end)

describe("inside nginx an update fails", function()
  it("as it does elsewhere", function()
    local one = site.start {}
    local expected = {
      ["status=404"] = "api not_found rejected",
      ["silent"] = "timeout timeout unknown",
      ["close-after-read"] = "network connection_lost unknown",
      ["short-body"] = "response truncated unknown",
      ["chunked-huge,size=100000000"] = "response body_too_large unknown",
    }
    for fault, answer in pairs(expected) do
      assert.same({ 200, answer .. "\n" },
        { one:get("/update?fault=" .. fault) })
    end
  end)

  it("for a certificate that does not fit", function()
    local one = site.start {
      server = ([[location = /wrong { content_by_lua_block {
        local _, err = require("truto").new { token = "canary-t-123",
          ca_file = "%s", base_url = "%s" }.datastore.update("ds_1",
          { label = "x" })
        ngx.say(err.kind, " ", err.outcome, " ", err.attempts)
      } }]]):format(server.ca_file, server:url "wrong_host"),
    }
    assert.same({ 200, "tls not_sent 1\n" }, { one:get "/wrong" })
  end)

  it("and is tried again after ngx.sleep", function()
    local one = site.start { clients = { options = "max_attempts = 2," } }
    assert.same({ 200, "ds_1\n" },
      { one:get("/update?fault=fail-then-ok,times=1") })
    assert.equal(2, #server:log())
  end)

  it("where Lua cannot wait, and leaves nothing under way", function()
    local one = site.start {
      clients = { before = [[require("truto.background").limit(1, 0)]] },
      server = [[location = /gsub { content_by_lua_block {
        local function update()
          return clients.record.datastore.update("ds_1", { label = "x" })
        end
        local called, message = pcall(string.gsub, "x", "x", update)
        local datastore = update()
        ngx.say(called, " ", message, " ", datastore and datastore.id)
      } }]],
    }
    assert.same({ 200, "false attempt to yield across C-call boundary ds_1\n" },
      { one:get "/gsub" })
  end)

  it("at once when too many are in flight", function()
    local one = site.start {
      clients = { before = [[require("truto.background").limit(2, 1)]] },
    }
    local pipe = io.popen(("curl -s -Z --parallel-immediate "
      .. "'%s/update?fault=silent&[1-6]' 2>/dev/null"):format(one.url))
    local text = pipe:read "*a"
    pipe:close()
    local _, refused = text:gsub("setup too_many_in_flight not_sent", "")
    assert.equal(3, refused)
    -- The one that waited may get its turn in its last moment.
    local _, sent = text:gsub("timeout timeout unknown", "")
    assert.equal(sent, #server:log())
    assert.same({ 200, "ds_1\n" }, { one:get "/update" })
  end)
end)

describe("a phase in which nginx cannot wait", function()
  local ASK = [[
    local _, err = clients.record.datastore.update("ds_1", { label = "x" })
    ngx.log(ngx.NOTICE, "answer ", err.kind, " ", err.code, " ",
      err.outcome, " ", err.attempts, ": ", err.message)
  ]]

  local function refused(phase, log)
    local line = "answer setup phase not_sent 0: nginx cannot wait in the "
      .. "phase " .. phase .. ": make the call in a timer"
    assert.matches(line, log, 1, true)
    assert.matches("ngx.timer.at(0", log, 1, true)
  end

  it("gets an error that names the timer", function()
    local one = site.start {
      http = site.clients { after = ASK }
        .. "init_worker_by_lua_block { " .. ASK
        .. " } exit_worker_by_lua_block { " .. ASK
        .. " } upstream u { server 127.0.0.1:1; balancer_by_lua_block { "
        .. ASK .. " ngx.exit(500) } }",
      server = ([[
        location = /all {
          set_by_lua_block $x { %s return 1 }
          content_by_lua_block { ngx.say "all" }
          header_filter_by_lua_block { %s }
          body_filter_by_lua_block { if ngx.arg[2] then %s end }
          log_by_lua_block { %s }
        }
        location = /balancer { proxy_pass http://u; }
      } server {
        listen unix:%s ssl;
        ssl_certificate %s;
        ssl_certificate_key %s;
        ssl_client_hello_by_lua_block { %s }
        location / { return 200; }
      ]]):format(ASK, ASK, ASK, ASK, TLS_SOCKET, server.files.client,
        server.files.key, ASK),
    }
    assert.same({ 200, "all\n" }, { one:get "/all" })
    one:get "/balancer"
    one:get("https://localhost/", THROUGH_TLS)
    one:signal "QUIT"
    one:ended()
    for _, phase in ipairs { "init", "init_worker", "set", "header_filter",
      "body_filter", "log", "balancer", "ssl_client_hello", "exit_worker",
    } do
      refused(phase, one:log())
    end
    assert.equal(0, #server:log())
  end)
end)
