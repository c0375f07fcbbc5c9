-- Clocks that step. A preloaded library stands between the child process and
-- the clocks, for truto and libcurl alike.

local drivers = require "support.driver"
local exchange = require "support.exchange"
local vm = require "support.vm"

local server = exchange.server

local PRELUDE = [[
  local process = require "process"
  local system = require "truto.core".system
  local truto = require "truto"
  local function client(fault, options)
    options = options or {}
    options.token, options.ca_file = "x", %q
    options.base_url = %q .. "/" .. fault
    options.driver = %s
    return assert(truto.new(options))
  end
]]

local function child(code, kind)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(PRELUDE:format(server.ca_file, server.https,
    drivers.code(kind)), code)
  file:close()
  local pipe = assert(io.popen(("LD_PRELOAD=%s/clock.so %s %s 2>&1")
    :format(vm.build, vm.command, path)))
  local output = pipe:read "*a"
  pipe:close()
  os.remove(path)
  return output
end

before_each(function() server:reset() end)

for _, kind in ipairs { "blocking", "background" } do
  describe(kind .. ": a wall clock that steps by an hour (C10)", function()
    for _, hour in ipairs { 3600, -3600 } do
      it("does not end a transfer, nor make it longer: " .. hour, function()
        assert.equal("true\tnil\ttimeout\tunknown\ttrue\n", child(([[
          local silent = client("reuse-silent",
            { timeout = 0.4, max_attempts = 1 })
          local slow = client("status=200,delay=0.3", { timeout = 20 })
          -- A certificate is not yet valid an hour ago: connect before.
          assert(silent.datastore.update("ds_1", { label = "x" }))
          process.step_clock(0.1, %d, 0)
          local before = os.time()
          local found, err = slow.datastore.update("ds_1", { label = "x" })
          assert(math.abs(os.time() - before) > 3000, "no step")
          process.step_clock(0.1, %d, 0)
          local _, late, meta = silent.datastore.update("ds_1", { label = "x" })
          print(found ~= nil, err, late.kind, late.outcome,
            meta.elapsed > 0.3 and meta.elapsed < 60)]])
          :format(hour, hour), kind))
      end)

      it("does not change the waits of a call: " .. hour, function()
        assert.equal("true\t2\ttrue\n", child(([[
          local waits = 0
          local again = client("fail-then-ok,times=1,clock=%d%s", {
            deadline = 60,
            on_retry = function(event)
              waits = waits + event.wait
              process.step_clock(0, %d, 0)
            end,
          })
          local found, _, meta = again.datastore.update("ds_1", { label = "x" })
          print(found ~= nil, meta.attempts,
            meta.elapsed >= waits and meta.elapsed < 60)]])
          :format(hour, kind, hour), kind))
      end)
    end
  end)

  describe(kind .. ": a kept connection (T14)", function()
    it("is used for five minutes at most, then a new one is made", function()
      assert.equal("false true true false\n", child([[
        -- nothing is idle for so long here
        require("truto.core").background.keep_idle(300)
        local one = client "record"
        local reused = {}
        for i = 1, 4 do
          local _, err, meta = one.datastore.update("ds_" .. i, { label = "x" })
          assert(not err, err)
          reused[i] = tostring(meta.connection_reused)
          process.step_clock(0, 0, 101)
        end
        print(table.concat(reused, " "))]], kind))
      local log = server:log()
      assert.equal(4, #log)
      assert.equal(log[1].connection, log[3].connection)
      assert.not_equal(log[1].connection, log[4].connection)
    end)
  end)
end
