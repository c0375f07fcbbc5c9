-- A server that is stopped, as by a debugger or a machine that hangs: its
-- kernel still takes connections and bytes.

local background = require "support.background"
local core = require "truto.core"
local exchange = require "support.exchange"
local server = require "support.server".start()

local function signal(name)
  os.execute(("kill -%s %d"):format(name, server.pid))
end

-- The signal only asks; a thread that runs at that moment goes on for a bit.
local function stop()
  signal "STOP"
  for _ = 1, 1000 do
    local pipe = io.popen(("cat /proc/%d/task/*/stat"):format(server.pid))
    local states = pipe:read "*a"
    pipe:close()
    if not states:find "%) [^T]" then return end
    core.system.wait(0.005)
  end
  error "the server does not stop"
end

teardown(function()
  background.stop()
  server:stop()
end)

local function client(driver)
  return exchange.client(nil, {
    base_url = server:url("https", "record"), ca_file = server.ca_file,
    timeout = 0.3, max_attempts = 1, driver = driver,
  })
end

for name, driver in pairs {
  blocking = "blocking", background = background.driver(),
} do
  describe("a server stopped in the middle (N15), " .. name, function()
    it("is a timeout on a kept connection and on a new one", function()
      local kept, fresh = client(driver), client(driver)
      assert(kept.datastore.update("ds_1", { label = "x" }))
      background.stop()
      fresh.datastore.update("ds_1", {})
      assert(kept.datastore.update("ds_1", { label = "x" }))
      stop()
      local _, sent = kept.datastore.update("ds_2", { label = "x" })
      background.stop()
      local _, unsent = fresh.datastore.update("ds_3", { label = "x" })
      signal "CONT"
      assert.same({ "timeout", "unknown" }, { sent.kind, sent.outcome })
      assert.same({ "timeout", "not_sent" }, { unsent.kind, unsent.outcome })
      local options = { timeout = 10 }
      assert(kept.datastore.update("ds_4", { label = "x" }, options))
      assert(fresh.datastore.update("ds_5", { label = "x" }, options))
      for _, entry in ipairs(server:log()) do
        assert.is_nil(entry.path:find("ds_3", 1, true))
      end
      kept.close()
      fresh.close()
    end)
  end)
end
