-- A short run of `make soak`, which does the same a hundred thousand times.

local vm = require "support.vm"

describe("calls by the hundred, with faults in turns (M11)", function()
  for _, driver in ipairs { "blocking", "background" } do
    it("are what the server read, and leave nothing behind: " .. driver,
      function()
        local pipe = assert(io.popen(("SOAK_CALLS=300 SOAK_DRIVER=%s %s "
          .. "spec/bench/soak.lua 2>&1"):format(driver, vm.command)))
        local output = pipe:read "*a"
        pipe:close()
        assert.matches("\n0 problems, memory and descriptors flat", output, 1,
          true)
      end)
  end
end)
