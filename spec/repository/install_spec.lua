--- `make install`, and the checks before anything is built: a module that was
--- compiled with another Lua's header loads, and then does not work.

local vm = require "support.vm"

local SUITE = _VERSION:match "[%d.]+$"
local ANOTHER = SUITE == "5.4" and "5.3" or "5.4"

local function run(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo \" $?\""))
  local output, code = pipe:read("*a"):match "^(.*) (%d+)\n$"
  pipe:close()
  return tonumber(code), output
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local folder

before_each(function() folder = select(2, run "mktemp -d"):gsub("%s", "") end)
after_each(function() run("rm -rf '" .. folder .. "'") end)

local function make(arguments)
  return run("env -u MAKEFLAGS -u MAKELEVEL -u LUA_CFLAGS make -s "
    .. arguments)
end

-- As where the only package has the name "lua".
local PKG_CONFIG = [[
#!/bin/sh
for last; do :; done
[ "$last" = lua ] || exit 1
case $1 in
  --modversion) echo %s.6 ;;
  --cflags) echo -I%s ;;
esac
]]

local function only_package_lua(version)
  write(folder .. "/pkg-config", PKG_CONFIG:format(version, folder))
  run("chmod 755 " .. folder .. "/pkg-config")
  return "PKG_CONFIG=" .. folder .. "/pkg-config"
end

local function header(number)
  write(folder .. "/lua.h", "#define LUA_VERSION_NUM " .. number .. "\n")
end

describe("the build", function()
  it("takes no other Lua's package", function()
    header((SUITE:gsub("%.", "0")))
    local code, output = make("LUA=" .. vm.name .. " lua-header "
      .. only_package_lua(ANOTHER))
    assert.equal(2, code)
    assert.matches("the header of " .. vm.name .. " is not here", output, 1,
      true)
  end)

  it("names the package of a header, or of an interpreter", function()
    local _, output = make("LUA=" .. vm.name .. " LUA_CFLAGS=-I/nowhere "
      .. "lua-header")
    assert.matches("is not here: [^\n]*%w+ [%w.-]*lua[%w.-]*, or give "
      .. "LUA_CFLAGS", output)
    local code
    code, output = make "LUA=lua5.0 build"
    assert.equal(2, code)
    assert.matches("there is no interpreter lua5.0 here: ", output, 1, true)
  end)

  it("takes the package `lua` where its version fits", function()
    if vm.name == "luajit" then return end -- which is never called so
    header((SUITE:gsub("%.", "0")))
    assert.same({ 0, "" }, { make("LUA=" .. vm.name .. " lua-header "
      .. only_package_lua(SUITE)) })
  end)

  it("looks into the header that LUA_CFLAGS names", function()
    header "499"
    local code, output = make("LUA=" .. vm.name .. " lua-header LUA_CFLAGS=-I"
      .. folder)
    assert.equal(2, code)
    assert.matches("the header of " .. vm.name, output, 1, true)
  end)
end)

describe("make install", function()
  it("puts a whole truto under DESTDIR and PREFIX", function()
    local code, output = make(("install LUA=%s DESTDIR=%s PREFIX=/usr/x")
      :format(vm.name, folder))
    assert.same(0, code, output)
    local root = folder .. "/usr/x"
    code, output = run(("cd / && env LUA_PATH='%s/share/lua/%s/?.lua;"
      .. "%s/share/lua/%s/?/init.lua' LUA_CPATH='%s/lib/lua/%s/?.so;;' %s -e "
      .. "'print(require([[truto]])._VERSION, require([[truto.config]]).types()"
      .. "[1])'"):format(root, SUITE, root, SUITE, root, SUITE, vm.name))
    assert.equal(0, code, output)
    assert.matches("^%d+%.%d+%.%d+\t%l", output)
    local _, installed = run("cd " .. root .. "/share/lua/" .. SUITE
      .. " && find . -name '*.lua' | sort")
    local _, here = run "cd lua && find . -name '*.lua' | sort"
    assert.equal(here, installed)
  end)
end)
