-- The background thread's beginning and end, beside forks, signals, exits and
-- other Lua states.

local exchange = require "support.exchange"
local vm = require "support.vm"

local server = exchange.server

-- Runs code in a child process. What it prints comes back, then how it ended.
local function child(code, variables)
  local prelude = ([[
    local process = require "process"
    local core = require "truto.core"
    local truto = require "truto"
    local background = require "support.background"
    local function client(fault, more)
      local given = { token = "%s", ca_file = "%s", max_attempts = 1,
        timeout = 15, base_url = "%s/" .. (fault or "record"),
        driver = background.driver() }
      for name, value in pairs(more or {}) do given[name] = value end
      return assert(truto.new(given))
    end
    local function update(one) return one.datastore.update("ds_1",
      { label = "x" }) end
    -- Some that stay under way; libcurl has them all when this returns.
    local function leave_under_way(count)
      local driver = background.driver()
      function driver.attempt(handle, ...)
        local kept = {}
        for i = 1, count do
          kept[i] = assert(core.background.start(handle, ...))
          assert(core.background.descriptor(kept[i]))
        end
        repeat until core.background.counts().running == count
        return { kept = kept }, nil, {}
      end
      return update(client("silent", { driver = driver }))
    end
    local function thread_names()
      local pipe = io.popen "cat /proc/$PPID/task/*/comm"
      local names = pipe:read "*a"
      pipe:close()
      return names
    end
  ]]):format(exchange.TOKEN, server.ca_file, server.https)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(prelude, code)
  file:close()
  local pipe = assert(io.popen(("env %s %s %s 2>&1; echo end $?"):format(
    variables or "", vm.command, path)))
  local output = pipe:read "*a"
  pipe:close()
  os.remove(path)
  return output
end

before_each(function() server:reset() end)

describe("the background thread", function()
  it("begins with the first call and ends with the Lua state", function()
    assert.equal("0 1 0\nend 0\n", child [[
      local function threads()
        return select(2, thread_names():gsub("truto", ""))
      end
      local one = client()
      local before = threads()
      assert(update(one))
      local during = threads()
      background.stop()
      print(before .. " " .. during .. " " .. threads())]])
  end)

  it("blocks all signals but those it causes itself", function()
    local mask = child [[
      assert(update(client()))
      local pipe = io.popen "cat /proc/$PPID/task/*/status"
      local text = pipe:read "*a"
      print(text:match "Name:%s*truto.-SigBlk:%s*(%x+)")]]
    -- TERM 15, INT 2, HUP 1, QUIT 3, PIPE 13, ALRM 14, CHLD 17, USR1 10,
    -- USR2 12, WINCH 28; not SEGV 11, BUS 7, FPE 8, ILL 4.
    local low = tonumber(mask:match "(%x%x%x%x%x%x%x%x)\n", 16)
    local function blocked(signal)
      return math.floor(low / 2 ^ (signal - 1)) % 2 == 1
    end
    for _, signal in ipairs { 15, 2, 1, 3, 13, 14, 17, 10, 12, 28 } do
      assert.is_true(blocked(signal), signal)
    end
    for _, signal in ipairs { 11, 7, 8, 4 } do
      assert.is_false(blocked(signal), signal)
    end
  end)

  it("ends in mid-transfer when the state closes", function()
    assert.equal("end 0\n", child "KEPT = leave_under_way(20)")
  end)

  for _, exit in ipairs { "os.exit(0)", "os.exit(0, true)" } do
    it("ends in mid-transfer at " .. exit, function()
      assert.equal("end 0\n", child("KEPT = leave_under_way(20) " .. exit))
    end)
  end

  it("is left alone at exit while another thread uses it", function()
    local code = ([[
      local background = require "support.background"
      require("truto").new { token = "x", ca_file = "%s", max_attempts = 1,
        base_url = "%s/silent", driver = background.driver(),
      }.datastore.update("ds_1", { label = "x" })
      require("truto.core").system.wait(0.05)
      require("truto.core").background.counts()
    ]]):format(server.ca_file, server.https)
    assert.equal("end 0\n", child(([[
      process.linger(0.2)
      process.detach(%q)
      local file
      repeat
        local pipe = io.popen "grep -c ds_1 %s/log"
        file = pipe:read "*n"
        pipe:close()
      until file and file > 0
      os.exit(0)]]):format(code, server.folder)))
  end)

  it("is not in the way of an error that ends the program", function()
    assert.matches("oh no.*end 1\n$", child [[
      KEPT = leave_under_way(3)
      error "oh no"]])
  end)

  it("says so when it cannot begin", function()
    local output = child [[
      local one = client()
      process.limit_files(4)
      local _, err, meta = update(one)
      print(err.kind, err.code, err.outcome, meta.attempts, err.message)
      process.limit_files(200)
      print(update(one).id)]]
    assert.matches(
      "^setup\tbackground_unavailable\tnot_sent\t0\tthe background driver "
      .. "cannot .*\nds_1\nend 0\n$", output)
    assert.equal(1, #server:log())
  end)

  it("recovers when descriptors run out while it runs (N20)", function()
    assert.matches("^%d+ refused\nds_1\nend 0\n$", child [[
      local one, patient = client(), client("record", { timeout = 1 })
      assert(update(one))
      local files = {}
      process.limit_files(60)
      repeat files[#files + 1] = io.open("/dev/null") until not io.open(
        "/dev/null")
      local refused = 0
      for _ = 1, 5 do
        local _, err = update(patient)
        if err then
          assert(err.kind == "setup" or err.kind == "network"
            or err.kind == "timeout", err.kind)
          assert(err.outcome == "not_sent", err.outcome)
          refused = refused + 1
        end
      end
      for _, file in ipairs(files) do file:close() end
      print(refused .. " refused")
      print(update(one).id)]])
  end)

  -- The caller's end takes the last descriptor: the thread cannot accept it.
  -- One that it closes late may still come to it; then that is used up too.
  it("accepts again once there are descriptors (N20)", function()
    assert.equal("ds_1\nend 0\n", child [[
      local cqueues = require "cqueues"
      assert(update(client())) -- the thread and its connection are there
      local driver, files, ended = background.driver(), {}, {}
      local function start_last(handle, ...)
        repeat files[#files + 1] = io.open "/dev/null"
        until not io.open "/dev/null"
        files[#files]:close()
        files[#files] = nil
        local one = assert(core.background.start(handle, ...))
        local descriptor = assert(core.background.descriptor(one))
        core.system.wait(0.2)
        return one, descriptor
      end
      function driver.attempt(handle, ...)
        process.limit_files(60)
        local one, descriptor = start_last(handle, ...)
        while core.background.done(one) do
          ended[#ended + 1] = one
          one, descriptor = start_last(handle, ...)
        end
        process.limit_files(200)
        local poll = { pollfd = descriptor, events = "r" }
        assert(cqueues.poll(poll, 10) == poll, "it was never accepted")
        return core.background.finish(handle, one)
      end
      print(update(client("record", { driver = driver })).id)]])
  end)
end)

describe("a fork with a background thread (C01)", function()
  it("gives the child a thread and a connection of its own", function()
    assert.equal("parent ok\nend 0\n", child [[
      local one = client()
      assert(update(one))
      local pid = process.fork()
      if pid == 0 then
        local done = update(one)
        one.close()
        background.stop()
        process.leave(done and 0 or 1)
      end
      assert(process.wait(pid) == 0, "the child's update failed")
      local _, err, meta = update(one)
      assert(not err, err)
      assert(meta.connection_reused, "the child ended the connection")
      print "parent ok"]])
    local log = server:log()
    assert.equal(3, #log)
    assert.equal(log[1].connection, log[3].connection)
    assert.not_equal(log[1].connection, log[2].connection)
  end)

  it("leaves the child nothing of the parent's but to let go", function()
    assert.equal("this exchange is not under way\nparent ok\nend 0\n", child [[
      KEPT = leave_under_way(1)
      local driver, one = background.driver(), nil
      function driver.attempt(handle, ...)
        one = assert(core.background.start(handle, ...))
        return nil, { kind = "setup", code = "x", message = "x" }, {}
      end
      update(client("silent", { driver = driver }))
      io.stdout:setvbuf "no"
      local pid = process.fork()
      if pid == 0 then
        assert(core.background.counts() == nil)
        assert(core.background.address() == nil)
        local _, message = pcall(core.background.done, one)
        print((message:gsub("^.-: ", "")))
        -- what only the parent's thread could reach is no leak
        process.leave(0)
      end
      assert(process.wait(pid) == 0)
      print "parent ok"]])
  end)

  it("lets the child collect and end with transfers under way", function()
    assert.equal("parent ok\nend 0\n", child [[
      KEPT = leave_under_way(5)
      local pid = process.fork()
      if pid == 0 then
        KEPT = nil
        collectgarbage()
        collectgarbage()
        -- what the parent's thread has is let go, so not for a leak checker
        process.leave(update(client()) and 0 or 1)
      end
      assert(process.wait(pid) == 0)
      assert(core.background.counts().running == 5)
      print "parent ok"]])
  end)
end)

describe("a fork while the thread is in a library", function()
  it("leaves the child no lock that nobody opens", function()
    assert.equal("parent ok\nend 0\n", child [[
      for _ = 1, 25 do
        KEPT = leave_under_way(3)
        local pid = process.fork()
        if pid == 0 then
          process.leave(update(client("record", { timeout = 3 })) and 0 or 1)
        end
        assert(process.wait(pid) == 0, "the child's update failed")
        KEPT = nil
        collectgarbage()
        collectgarbage()
      end
      print "parent ok"]])
  end)
end)

describe("an interrupt of a blocking call", function()
  it("does not reach into the background", function()
    assert.equal("interrupted\nds_1\nend 0\n", child [[
      process.interrupt_after(0.2)
      local _, err = update(client("silent", { driver = "blocking" }))
      print(err.code)
      print(update(client()).id)]])
  end)
end)

describe("several Lua states (C04)", function()
  it("share one thread, which ends with the last of them", function()
    local code = ([[
      package.path, package.cpath = %q, %q
      local background = require "support.background"
      local client = assert(require "truto".new { token = "t-0123456789",
        ca_file = %q, base_url = %q, driver = background.driver() })
      for i = 1, 10 do
        assert(client.datastore.update("ds_" .. i, { label = "x" }))
      end]]):format(package.path, package.cpath, server.ca_file,
      server:url("https", "record"))
    assert.equal("fine 0\nend 0\n", child(([[
      local problems = process.threads(8, %q)
      print(problems[1] or "fine " .. select(2,
        thread_names():gsub("truto", "")))]]):format(code)))
    assert.equal(80, #server:log())
  end)
end)

describe("a name that does not resolve (N04)", function()
  it("stalls no call to another host", function()
    assert.equal("timeout\tconnect_timeout\tnot_sent\n"
      .. "ds_1 before, ds_1 after\nend 0\n", child([[
      local cqueues = require "cqueues"
      local driver = require("truto.background").driver {
        readable = function(descriptor, seconds)
          cqueues.poll({ pollfd = descriptor, events = "r" }, seconds)
          cqueues.cancel(descriptor)
        end,
        sleep = cqueues.sleep,
      }
      local slow = client("", { base_url = "https://a.slow", timeout = 1,
        driver = driver })
      local quick = client("record", { driver = driver })
      local loop, ended = cqueues.new(), false
      local before
      loop:wrap(function()
        local _, err = update(slow)
        ended = true
        print(err.kind, err.code, err.outcome)
      end)
      loop:wrap(function()
        cqueues.sleep(0.1)
        before = update(quick)
        assert(not ended)
      end)
      assert(loop:loop())
      print(before.id .. " before, " .. update(client()).id .. " after")]],
      "LD_PRELOAD=" .. vm.build .. "/slow_resolver.so"))
  end)
end)

describe("a machine that cannot have the thread", function()
  for lacking, reason in pairs {
    threads = "cannot start its thread: ",
    folders = "cannot make its socket in /tmp or /dev/shm: ",
    proc = "is /proc mounted?",
  } do
    it("gets an error that says why, and no blocking call: " .. lacking,
      function()
        local output = child([[
          local one = client()
          update(one)
          local open = process.descriptors()
          local _, err, meta = update(one)
          assert(process.descriptors() == open, "a descriptor is left")
          print(err.kind, err.code, err.outcome, meta.attempts, err.message)
          print(update(client("record", { driver = "blocking" })).id)]],
          "LD_PRELOAD=" .. vm.build .. "/lacks.so TRUTO_SPEC_LACKS="
            .. lacking)
        assert.matches("^setup\tbackground_unavailable\tnot_sent\t0\t",
          output)
        assert.matches(reason, output, 1, true)
        assert.matches("\nds_1\nend 0\n$", output)
        assert.equal(1, #server:log())
      end)
  end

  it("that has no watch for a caller says so at once", function()
    -- The loop has no epoll of its own here: cqueues would lack it too.
    local output = child([[
      local waits = 0
      local driver = require("truto.background").driver {
        readable = function(descriptor)
          waits = waits + 1
          process.wait_readable(descriptor)
        end,
        sleep = function() end,
      }
      local _, err = update(client("record", { driver = driver }))
      print(err.kind, err.code, err.outcome, waits <= 1)]],
      "LD_PRELOAD=" .. vm.build .. "/lacks.so TRUTO_SPEC_LACKS=watches")
    assert.equal("setup\tbackground_unavailable\tnot_sent\ttrue\nend 0\n",
      output)
    assert.equal(0, #server:log())
  end)

  it("is none that only lacks /tmp", function()
    assert.equal("ds_1\nend 0\n", child("print(update(client()).id)",
      "LD_PRELOAD=" .. vm.build .. "/lacks.so TRUTO_SPEC_LACKS=tmp"))
  end)
end)
