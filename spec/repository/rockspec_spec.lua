local sandbox = require "truto.sandbox"
local vm = require "support.vm"

-- Without this LuaRocks would ask its server for lua-cjson, which stands
-- outside of its trees here.
local CONFIG = 'rocks_provided = { ["lua-cjson"] = "2.1.0-1" }\n'

local function run(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo status=$?"))
  local output = pipe:read "*a"
  pipe:close()
  return output:match "^(.-)status=(%d+)%s*$"
end

local function read_rockspec()
  local rockspec = {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadfile "truto-scm-1.rockspec"), rockspec)
  else
    chunk = assert(loadfile("truto-scm-1.rockspec", "t", rockspec))
  end
  chunk()
  return rockspec
end

local function files(pattern)
  local found = {}
  for path in run("find " .. pattern):gmatch "[^\n]+" do
    found[#found + 1] = path
  end
  table.sort(found)
  return found
end

describe("the rockspec", function()
  local rockspec = read_rockspec()

  it("names every Lua file under its module's name", function()
    local listed = {}
    for name, path in pairs(rockspec.build.modules) do
      if type(path) == "string" then
        local plain = "lua/" .. name:gsub("%.", "/")
        assert.is_true(path == plain .. ".lua"
          or path == plain .. "/init.lua", name)
        listed[#listed + 1] = path
      end
    end
    table.sort(listed)
    assert.same(files "lua -name '*.lua'", listed)
  end)

  it("names every C file", function()
    local listed = rockspec.build.modules["truto.core"].sources
    assert.same(files "csrc -name '*.c'", listed)
  end)

  it("asks for libcurl by its library alone", function()
    assert.same({ CURL = { library = "curl" } },
      rockspec.external_dependencies)
  end)
end)

describe("luarocks make into an empty tree", function()
  local folder, service
  local version = _VERSION:match "[%d.]+$"

  setup(function()
    folder = run "mktemp -d":match "[^\n]+"
    local config = assert(io.open(folder .. "/config.lua", "w"))
    config:write(CONFIG)
    config:close()
    run("mkdir " .. folder .. "/source " .. folder .. "/elsewhere")
    run("cp -r csrc lua truto-scm-1.rockspec " .. folder .. "/source")
    run("cp examples/update.lua " .. folder .. "/elsewhere")
    service = assert(sandbox.start())
  end)

  teardown(function()
    service.stop()
    run("rm -rf '" .. folder .. "'")
  end)

  it("gives a rock that an example runs on, from anywhere", function()
    local output, status = run(("cd %s/source && env -u CURL_INCDIR "
      .. "LUAROCKS_CONFIG=%s/config.lua luarocks --lua-version=%s "
      .. "--tree=%s/tree make truto-scm-1.rockspec"):format(folder, folder,
      version, folder))
    assert.equal("0", status, output)
    local example = table.concat({
      "cd", folder .. "/elsewhere", "&& env",
      ("LUA_PATH='%s/tree/share/lua/%s/?.lua;%s/tree/share/lua/%s/"
        .. "?/init.lua;;'"):format(folder, version, folder, version),
      ("LUA_CPATH='%s/tree/lib/lua/%s/?.so;;'"):format(folder, version),
      "TRUTO_BASE_URL=" .. service.base_url,
      "TRUTO_API_TOKEN=" .. service.token,
      "TRUTO_CA_FILE=" .. service.ca_file,
      "DATASTORE_SECRET=canary-key", vm.name, "update.lua ds_s3 nightly",
    }, " ")
    output, status = run(example)
    assert.equal("ds_s3\ts3\tnightly\n", output)
    assert.equal("0", status)
  end)
end)
