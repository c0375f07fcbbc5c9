-- Fifty updates at once from one process, on the event loop of cqueues: the
-- background driver sends them, the loop waits for all of them.
--
--   TRUTO_API_TOKEN, TRUTO_DATASTORE_ID; see update.lua

local background = require "truto.background"
local cqueues = require "cqueues"
local truto = require "truto"

local id = assert(os.getenv "TRUTO_DATASTORE_ID", "set TRUTO_DATASTORE_ID")
local COUNT = 50

local client = assert(truto.new {
  driver = background.driver {
    readable = function(descriptor, seconds)
      cqueues.poll({ pollfd = descriptor, events = "r" }, seconds)
      -- It is closed next, which cqueues wants to know beforehand.
      cqueues.cancel(descriptor)
    end,
    sleep = cqueues.sleep,
  },
})

local loop = cqueues.new()
local good, working, slowest = 0, 0, 0

for i = 1, COUNT do
  loop:wrap(function()
    local datastore, err, meta =
      client.datastore.update(id, { label = "update " .. i })
    working = working + meta.elapsed
    slowest = math.max(slowest, meta.elapsed)
    if datastore then good = good + 1 else print(tostring(err)) end
  end)
end

local start = cqueues.monotime()
assert(loop:loop())
print(("%d of %d updates in %.3f s; one after the other: %.3f s"):format(
  good, COUNT, cqueues.monotime() - start, working))
client.close()
os.exit(good == COUNT and 0 or 1, true)
