-- Many updates at once through the background driver, on a loop of cqueues.
local cqueues = require "cqueues"
local loop = require "support.background".in_loop
local measured = require "bench.measured"
local truto = require "truto"

local given = measured.arguments()
local client = assert(truto.new {
  base_url = given.base_url, token = given.token, ca_file = given.ca_file,
  driver = require "truto.background".driver(loop),
})
local row = given.row
local key = row.secret and truto.secret(row.secret)

local function run(count)
  local begun, controller = 0, cqueues.new()
  for _ = 1, given.in_flight do
    controller:wrap(function()
      while begun < count do
        begun = begun + 1
        local datastore, err = client.datastore.update(row.id,
          row.changes(key, begun))
        if not datastore then error(tostring(err)) end
      end
    end)
  end
  assert(controller:loop())
end

run(given.in_flight) -- connects
local start = os.clock()
run(given.count)
measured.report(os.clock() - start, given.count)
