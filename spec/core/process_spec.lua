local drivers = require "support.driver"
local exchange = require "support.exchange"
local process = require "process"
local vm = require "support.vm"

local server = exchange.server

-- Runs code in a child process, with `client(fault, listener)` at hand, on a
-- driver of that kind. What it prints comes back.
local function child(code, variables, kind)
  local prelude = ([[
    local process = require "process"
    local truto = require "truto"
    local CA_FILE = %q
    local urls = { https = "%s", http = "%s", backlog = "%s",
      stalled = "%s" }
    local support = require "support.background"
    local function client(fault, listener)
      return assert(truto.new { token = "%s", ca_file = "%s",
        max_attempts = 1, timeout = 15, connect_timeout = 15,
        driver = %s,
        base_url = urls[listener or "https"] .. "/" .. fault })
    end
  ]]):format(server.ca_file, server.https, server.http,
    server.urls.backlog_full, server.urls.stalled_handshake, exchange.TOKEN,
    server.ca_file, drivers.code(kind))
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(prelude, code)
  file:close()
  local pipe = assert(io.popen(("env %s %s %s 2>&1"):format(variables or "",
    vm.command, path)))
  local output = pipe:read "*a"
  pipe:close()
  os.remove(path)
  return output
end

before_each(function() server:reset() end)

describe("the home directory", function()
  -- libcurl fails for a .netrc that it cannot read to its end; the token's
  -- header would hide that it took another's name and password.
  it("has a .netrc that is not read", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    finally(function() os.execute("rm -r " .. folder) end)
    local file = assert(io.open(folder .. "/.netrc", "w"))
    file:write 'machine localhost login "canary'
    file:close()
    assert.equal("ds_1\n", child([[
      print((truto.assert(client("record").datastore.update("ds_1",
        { label = "x" }))).id)]], "HOME=" .. folder))
  end)
end)

describe("a fork (C01)", function()
  it("in a thread leaves its child no SIGINT of another's update", function()
    local code = ([==[
      local number = ...
      local process = require "process"
      if number == 1 then
        return require("truto").new { token = "x", max_attempts = 1,
          timeout = 1, ca_file = "%s", base_url = "%s/silent",
        }.datastore.update("ds_1", { label = "x" })
      end
      repeat until process.disposition(2) == "handled"
      local pid = process.fork()
      if pid == 0 then
        process.leave(process.disposition(2) == "handled" and 1 or 0)
      end
      assert(process.wait(pid) == 0, "the child has truto's handler")
    ]==]):format(server.ca_file, server.https)
    assert.equal("fine\n", child(([[
      process.default(2)
      local problems = process.threads(2, %q)
      print(problems[1] or "fine")]]):format(code)))
  end)

  it("gives the child a connection of its own", function()
    assert.equal("parent ok\n", child [[
      local one = client "record"
      assert(one.datastore.update("ds_1", { label = "before" }))
      local pid = process.fork()
      if pid == 0 then
        local done = one.datastore.update("ds_2", { label = "child" })
        one.close()
        process.leave(done and 0 or 1)
      end
      assert(process.wait(pid) == 0, "the child's update failed")
      local _, err, meta = one.datastore.update("ds_3", { label = "after" })
      assert(not err, err)
      assert(meta.connection_reused, "the child ended the connection")
      print "parent ok"]])
    local connections = {}
    for _, entry in ipairs(server:log()) do
      connections[entry.path:match "ds_%d"] = entry.connection
    end
    assert.equal(connections.ds_1, connections.ds_3)
    assert.not_equal(connections.ds_1, connections.ds_2)
    assert.equal(3, #server:log())
  end)

  it("lets the child collect what it got", function()
    assert.equal("parent ok\n", child [[
      local one = client "record"
      assert(one.datastore.update("ds_1", { label = "before" }))
      local pid = process.fork()
      if pid == 0 then
        one = nil
        collectgarbage()
        collectgarbage()
        process.leave(0)
      end
      assert(process.wait(pid) == 0)
      local _, _, meta = one.datastore.update("ds_3", { label = "after" })
      assert(meta.connection_reused)
      print "parent ok"]])
  end)
end)

describe("Ctrl-C (C06)", function()
  local function interrupted(call, variables)
    return child(([[
      process.interrupt_after(0.3)
      local before = process.disposition(2)
      local _, err = %s
      assert(process.disposition(2) == before, "handler not put back")
      print(err.kind, err.code, err.outcome, err.attempts or 1)]])
      :format(call), variables)
  end

  it("ends the wait for an answer", function()
    assert.equal("interrupted\tinterrupted\tunknown\t1\n", interrupted
      [[client("silent").datastore.update("ds_1", { label = "x" })]])
    assert.equal(1, #server:log())
  end)

  it("ends a connect", function()
    assert.equal("interrupted\tinterrupted\tnot_sent\t1\n", interrupted
      [[client("ok", "backlog").datastore.update("ds_1", { label = "x" })]])
  end)

  it("ends a handshake", function()
    assert.equal("interrupted\tinterrupted\tnot_sent\t1\n", interrupted
      [[client("ok", "stalled").datastore.update("ds_1", { label = "x" })]])
  end)

  it("ends a name lookup", function()
    local preload = "LD_PRELOAD=" .. vm.build .. "/slow_resolver.so"
    assert.equal("interrupted\tinterrupted\tnot_sent\t1\n", interrupted(
      [[truto.new { token = "x", base_url = "https://a.slow", timeout = 15,
        connect_timeout = 15 }.datastore.update("ds_1", { label = "x" })]],
      preload))
  end)

  it("that the program ignores stays ignored", function()
    assert.equal("timeout\tignored\n", child [[
      process.ignore(2)
      process.interrupt_after(0.1)
      local _, err = assert(truto.new { token = "x", max_attempts = 1,
        base_url = urls.http .. "/silent", timeout = 0.4,
      }).datastore.update("ds_1", { label = "x" })
      print(err.kind, process.disposition(2))]])
  end)
end)

describe("a resolver that never answers (N04)", function()
  it("does not outlive the timeout", function()
    local output = child([[
      local system = require "truto.core".system
      local start = system.monotonic()
      local _, err = truto.new { token = "x", base_url = "https://a.slow",
        timeout = 0.3, max_attempts = 1
      }.datastore.update("ds_1", { label = "x" })
      print(err.kind, err.outcome, system.monotonic() - start < 10)]],
      "LD_PRELOAD=" .. vm.build .. "/slow_resolver.so")
    assert.equal("timeout\tnot_sent\ttrue\n", output)
  end)
end)

for _, kind in ipairs { "blocking", "background" } do
  describe("signals, through the " .. kind .. " driver,", function()
    it("that interrupt system calls have no effect (C07)", function()
      assert.equal("true\n", child([[
        for _, number in ipairs { 14, 17, 28 } do -- ALRM, CHLD, WINCH
          process.alarms(1000, number)
        end
        local one = client "status=200,delay=0.2"
        for _ = 1, 3 do
          assert(one.datastore.update("ds_1", { label = "x" }))
        end
        print(process.alarm_count() > 100)
        io.stdout:flush()
        process.leave(0) -- the alarms go on, and lua_close would unload them
      ]], nil, kind))
      assert.equal(3, #server:log())
    end)

    it("SIGPIPE at its default kills nobody (C08)", function()
      assert.equal("default network\n", child([[
        local one = client("reset-before-body")
        local _, err = one.datastore.update("ds_1", {
          label = ("x"):rep(4 * 2 ^ 20),
        })
        local plain = client("reset-before-body", "http")
        local _, again = plain.datastore.update("ds_1", {
          label = ("x"):rep(4 * 2 ^ 20),
        })
        assert(again.kind == err.kind)
        print(process.disposition(13) .. " " .. err.kind)]], nil, kind))
    end)
  end)
end

describe("an older system (C08)", function()
  local OLDER = "LD_PRELOAD=" .. vm.build .. "/older.so"

  for _, driver in ipairs { "blocking", "background" } do
    it("survives its goodbye to a server that is gone: " .. driver, function()
      assert.equal("default alive\n", child([[
        local one = client "idle-reset"
        local _, err = one.datastore.update("ds_1", { label = "x" })
        assert(not err, err)
        require("truto.core").system.wait(0.2)
        one.close()
        support.stop()
        print(process.disposition(13) .. " alive")]], OLDER, driver))
    end)
  end
end)

describe("Ctrl-C in a function of the caller's (C06)", function()
  for _, option in ipairs { "on_retry", "log", "token" } do
    it("ends the program as elsewhere in Lua: " .. option, function()
      local output = child([[
        local function busy()
          process.interrupt_after(0.05)
          -- LuaJIT looks for signals only outside of compiled code.
          while os.time() do end -- luacheck: ignore 542
        end
        local given = { token = "x", ca_file = "]] .. server.ca_file .. [[",
          base_url = "]] .. server.https .. [[/status=503" }
        given["]] .. option .. [["] = busy
        truto.new(given).datastore.update("ds_1", { label = "x" })
        print "went on"]])
      assert.matches("interrupted!", output, 1, true)
      assert.is_nil(output:find("went on", 1, true))
      assert.equal(option == "on_retry" and 1 or 0, #server:log())
    end)
  end
end)

describe("a process", function()
  it("out of descriptors gets an error and recovers (N20)", function()
    assert.equal("recovered\n", child [[
      local one = client "record"
      local files = {}
      process.limit_files(30)
      while true do
        local file = io.open "/dev/null"
        if not file then break end
        files[#files + 1] = file
      end
      local _, err = one.datastore.update("ds_1", { label = "x" })
      assert(err.kind == "network" or err.kind == "setup", err)
      assert(err.outcome == "not_sent")
      for _, file in ipairs(files) do file:close() end
      assert(one.datastore.update("ds_1", { label = "x" }))
      print "recovered"]])
  end)

  it("with eight threads and states loads the module (C04)", function()
    local problems = process.threads(8, ([[
      package.path, package.cpath = %q, %q
      local one = require "truto".new { token = "x", ca_file = %q,
        base_url = %q }
      for _ = 1, 3 do
        assert(one.datastore.update("ds_1", { label = "x" }))
      end]]):format(package.path, package.cpath, server.ca_file,
      server:url("https", "record")))
    assert.same({}, problems)
    assert.equal(24, #server:log())
  end)

  it("shows no token in its arguments or environment (S06)", function()
    assert.equal("hidden\n", child [[
      local one = client "record"
      assert(one.datastore.update("ds_1", { label = "x" }))
      for _, name in ipairs { "cmdline", "environ" } do
        local file = io.open("/proc/self/" .. name, "rb")
        local text = file and file:read "*a" or ""
        assert(not text:find("canary-token", 1, true), name)
      end
      print "hidden"]])
  end)

  it("leaves a client to lua_close, also in a cycle (A11)", function()
    assert.equal("", child [[
      local one = client "record"
      assert(one.datastore.update("ds_1", { label = "x" }))
      one.self = one
      kept = one]])
  end)

  it("closes a client by <close> once, the error kept (A03)", function()
    if _VERSION ~= "Lua 5.4" then return end -- the syntax is 5.4's own
    assert.equal("false\tthe first error\n", child [[
      local outside
      print(pcall(function()
        local one <close> = client "record"
        outside = one
        error("the first error", 0)
      end))
      assert(not pcall(outside.datastore.update, "x", { label = "y" }))]])
  end)

  for _, kind in ipairs { "blocking", "background" } do
    it("keeps its hooks; one that raises harms nothing (A14), " .. kind,
      function()
        assert.equal("from the hook\ttrue\nds_1\t1\n", child([[
          local one = client "status=200,delay=0.01"
          -- Loads what is loaded at its first use: a hook could end that.
          assert(one.datastore.update("ds_1", { label = "x" }))
          local armed = true
          local called, message = pcall(function()
            debug.sethook(function()
              if not armed then return end
              armed = false
              error("from the hook", 0)
            end, "", 1000)
            while armed do
              one.datastore.update("ds_1", { label = "x" })
            end
          end)
          debug.sethook()
          collectgarbage()
          collectgarbage()
          print(message, not called)
          local datastore, _, meta =
            one.datastore.update("ds_1", { label = "x" })
          print(datastore.id, meta.attempts)]], nil, kind))
      end)
  end
end)

describe("a hook that raises while the thread sends (A14)", function()
  it("cancels the update", function()
    assert.equal("from the hook 1 0\nds_1\n", child([[
      local core = require "truto.core"
      local cqueues = require "cqueues"
      local driver = require("truto.background").driver {
        sleep = cqueues.sleep,
        readable = function()
          repeat until core.background.counts().running == 1
          debug.sethook(function()
            debug.sethook()
            error("from the hook", 0)
          end, "", 1)
        end,
      }
      local one = assert(truto.new { token = "t-123456", driver = driver,
        base_url = urls.https .. "/silent", ca_file = CA_FILE })
      local _, message = pcall(one.datastore.update, "ds_1", { label = "x" })
      collectgarbage()
      collectgarbage()
      local counts = core.background.counts()
      print(("%s %d %d"):format(message, counts.cancelled, counts.running))
      print(client("record").datastore.update("ds_1", { label = "x" }).id)]],
      nil, "background"))
  end)
end)
