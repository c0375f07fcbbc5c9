-- Many updates at once from one process, on the event loop of cqueues: the
-- background driver sends them, the loop waits for all of them.
--
--   lua examples/cqueues.lua LABEL ID [ID ...]
--
--   TRUTO_API_TOKEN   and others; see update.lua

local background = require "truto.background"
local cqueues = require "cqueues"
local truto = require "truto"

local label = arg[1]
local ids = { (table.unpack or unpack)(arg, 2) }
if #ids == 0 then
  io.stderr:write "usage: lua examples/cqueues.lua LABEL ID [ID ...]\n"
  os.exit(2)
end

local client = truto.assert(truto.new {
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
local good = 0

for _, id in ipairs(ids) do
  loop:wrap(function()
    local datastore, err = client.datastore.update(id, { label = label })
    if datastore then
      good = good + 1
    else
      io.stderr:write(id, ": ", tostring(err), "\n")
    end
  end)
end

local start = cqueues.monotime()
assert(loop:loop())
print(("%d of %d updates in %.3f s"):format(good, #ids,
  cqueues.monotime() - start))
client.close()
os.exit(good == #ids and 0 or 1, true)
