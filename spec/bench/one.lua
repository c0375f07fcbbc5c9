-- Updates one after another through truto; see measured.lua for arguments.
local measured = require "bench.measured"
local truto = require "truto"

local given = measured.arguments()
local client = assert(truto.new {
  base_url = given.base_url, token = given.token, ca_file = given.ca_file,
  driver = "blocking", validate = os.getenv "BENCH_VALIDATE" ~= "off",
})
local row = given.row
local key = row.secret and truto.secret(row.secret)

measured.run(given.count, function(number)
  local datastore, err = client.datastore.update(row.id,
    row.changes(key, number))
  if not datastore then error(tostring(err)) end
end)
