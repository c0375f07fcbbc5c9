-- Files that change under a client: connections made five minutes later go by
-- what they say then. A preloaded library lets the clock jump.

local drivers = require "support.driver"
local exchange = require "support.exchange"
local vm = require "support.vm"

local server = exchange.server

local PRELUDE = [[
  local process = require "process"
  local truto = require "truto"
  local function write(path, from) assert(os.execute(
    ("cp %%s %%s.new && mv %%s.new %%s"):format(from, path, path, path))) end
  local CA, OTHER = %q, %q
  local ca, cert = %q, %q
  local function client()
    return assert(truto.new { token = "x", max_attempts = 1, ca_file = ca,
      client_cert = cert, client_key = %q, base_url = %q, driver = %s })
  end
  local function update(one)
    local found, err = one.datastore.update("ds_1", { label = "x" })
    print(found and "trusted" or err.code)
  end
  -- Else the thread begins anew when nothing was under way for so long.
  require("truto.core").background.keep_idle(300)
  local busy = assert(truto.new { token = "x", base_url = %q, driver = %s })
  local function five_minutes()
    process.step_clock(0, 0, 151)
    assert(busy.datastore.update("ds_1", { label = "x" }))
    process.step_clock(0, 0, 151)
  end
  write(ca, CA)
  write(cert, %q)
]]

-- What a child prints. Its connections are the only ones of their listener.
local function child(kind, fault, code)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  local ca, cert = folder .. "/ca.pem", folder .. "/client.pem"
  local path = folder .. "/child.lua"
  local file = assert(io.open(path, "w"))
  file:write(PRELUDE:format(server.files.ca, server.files.other_ca, ca, cert,
    server.files.key, server:url("client_cert", fault), drivers.code(kind),
    server:url("http", "record"), drivers.code(kind), server.files.client),
    code)
  file:close()
  local pipe = assert(io.popen(("LD_PRELOAD=%s/clock.so %s %s 2>&1")
    :format(vm.build, vm.command, path)))
  local output = pipe:read "*a"
  pipe:close()
  os.execute("rm -r " .. folder)
  return output
end

before_each(function() server:reset() end)

for _, kind in ipairs { "blocking", "background" } do
  for name, fault in pairs {
    ["connections that are kept"] = "record",
    ["connections that the server ends"] = "until-close",
  } do
    describe(kind .. ", " .. name .. ": a ca_file that changes (T16)",
      function()
        it("is seen within five minutes, both ways", function()
          assert.equal("trusted\ncertificate_invalid\ntrusted\n",
            child(kind, fault, [[
              local one = client()
              update(one)
              write(ca, OTHER)
              five_minutes()
              update(one)
              write(ca, CA)
              five_minutes()
              update(one)]]))
        end)

        it("is seen by a new client as well", function()
          assert.equal("trusted\ncertificate_invalid\n",
            child(kind, fault, [[
              update(client())
              write(ca, OTHER)
              five_minutes()
              update(client())]]))
        end)
      end)
  end

  describe(kind .. ": the client's certificate that changes (T16)", function()
    it("is seen within five minutes", function()
      assert.equal("trusted\ntrusted\n", child(kind, "record", ([[
        local one = client()
        update(one)
        write(cert, %q)
        five_minutes()
        update(one)]]):format(server.files.renewed_client)))
      local names = {}
      for _, entry in ipairs(server:events()) do
        if entry.event == "handshake" then names[#names + 1] = entry.client end
      end
      assert.same({ "truto spec client", "truto spec client, renewed" }, names)
    end)
  end)
end
