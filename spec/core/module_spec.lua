local vm = require "support.vm"

local function output_of(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local function path_of_core()
  if package.searchpath then
    return assert(package.searchpath("truto.core", package.cpath))
  end
  for template in package.cpath:gmatch "[^;]+" do
    local path = template:gsub("?", "truto/core")
    local file = io.open(path)
    if file then
      file:close()
      return path
    end
  end
  error "truto.core is not on package.cpath"
end

describe("the module", function()
  it("exports one symbol", function()
    local symbols = output_of("nm -D --defined-only " .. path_of_core())
    local names = {}
    for name in symbols:gmatch "%x+ %a ([%w_]+)" do
      -- what a sanitizer or the coverage runtime adds is not ours
      if not name:find "^__" then names[#names + 1] = name end
    end
    assert.same({ "luaopen_truto_core" }, names)
  end)

  it("leaves no global behind, and changes none", function()
    local code = [[
      local before = {}
      for key, value in pairs(_G) do before[key] = value end
      require "truto"
      for key, value in pairs(_G) do
        if before[key] ~= value then print(key) end
      end]]
    assert.equal("", output_of(vm.command .. " -e '" .. code .. "' 2>&1"))
  end)

  it("may be loaded again after package.loaded is cleared (A13)", function()
    local code = [[
      local first = require "truto"
      local secret = first.secret "x"
      for name in pairs(package.loaded) do
        if name:find "^truto" then package.loaded[name] = nil end
      end
      local second = require "truto"
      assert(first ~= second and first.null == second.null)
      assert(second.secret.is(secret) and secret:reveal() == "x")
      print "same"]]
    assert.equal("same\n", output_of(vm.command .. " -e '" .. code .. "'"))
  end)

  it("needs no more than libcurl beside the C library", function()
    local needed = output_of("readelf -d " .. path_of_core())
    local extra = {}
    for name in needed:gmatch "NEEDED.-%[([^%]]+)%]" do
      if not (name:find "^libcurl" or name:find "^libc%."
        or name:find "^lib%a*san" or name:find "^libm%.") then
        extra[#extra + 1] = name
      end
    end
    assert.same({}, extra)
  end)

  it("has the version in one place", function()
    local truto = require "truto"
    assert.equal(require "truto.version", truto._VERSION)
    assert.matches("^%d+%.%d+%.%d+$", truto._VERSION)
  end)
end)
