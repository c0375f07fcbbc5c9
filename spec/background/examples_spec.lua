-- The examples of the background driver: on an event loop, and in nginx.

local nginx = require "support.nginx"
local sandbox = require "truto.sandbox"
local vm = require "support.vm"

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo status=$?"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

describe("the example", function()
  it("cqueues.lua has 50 updates in flight", function()
    local service = assert(sandbox.start())
    local output = run(table.concat({
      "TRUTO_BASE_URL=" .. service.base_url,
      "TRUTO_API_TOKEN=" .. service.token,
      "TRUTO_CA_FILE=" .. service.ca_file,
      vm.command, "examples/cqueues.lua nightly", ("ds_s3 "):rep(50),
    }, " "))
    service.stop()
    assert.matches("^50 of 50 updates in %d+%.%d+ s\nstatus=0\n$", output)
  end)

  if vm.name == "luajit" and nginx.find() then
    it("nginx/ rotates keys and renames nightly", function()
      local output = run(vm.command .. " examples/nginx/demo.lua")
      assert.matches("All answers are as they should be.\nstatus=0\n$", output)
      assert.is_nil(output:find("only-the-secrets-manager", 1, true))
      assert.is_nil(output:find("new-key", 1, true))
    end)
  end
end)
