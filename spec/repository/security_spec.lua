-- SECURITY.md says which spec tests a promise; this is where it is held to it.

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

describe("SECURITY.md", function()
  it("names specs that exist, and tests that are in them", function()
    local count = 0
    for spec, ids in read("SECURITY.md"):gmatch "`([%w_/]+_spec)` *(%b())" do
      local tests = read("spec/" .. spec .. ".lua")
      for id in ids:gmatch "%u%d%d" do
        assert.matches(id, tests, 1, true)
        count = count + 1
      end
    end
    assert.is_true(count >= 30)
  end)

  it("has a test for each promise, or says that there is none", function()
    local untested = 0
    for line in read("SECURITY.md"):gmatch "[^\n]+" do
      if line:find "^| %u" and not line:find "_spec`" then
        untested = untested + 1
      end
    end
    assert.equal(1, untested)
  end)
end)
