-- What C frees or leaves behind holds no secret: support/freed.c, preloaded,
-- looks. `make canaries` and SECURITY.md are about what libcurl keeps.

local vm = require "support.vm"
local server = require "support.server".shared()

local CANARY = "canary-wipe-"

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- What the preloaded library says while the code runs.
local function found_by(code, variables)
  local pipe = assert(io.popen(("LD_PRELOAD=$PWD/%s/freed.so "
    .. "TRUTO_SPEC_CANARY=%s TRUTO_API_TOKEN=t TRUTO_CA_FILE=%s "
    .. "TRUTO_BASE_URL=%s %s %s -e %s 2>&1"):format(vm.build, CANARY,
    server.ca_file, server:url("https", "ok"), variables or "", vm.command,
    quoted(code))))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

-- A secret of a size, so that buffers are moved while they grow.
local function secret_of(size)
  return CANARY .. ("x"):rep(size - #CANARY)
end

local function file_with(text)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

describe("memory that C gives back (S04)", function()
  if os.getenv "TRUTO_LUA" then
    it("is looked at", function()
      pending "sanitizers have a free of their own"
    end)
    return
  end

  for _, size in ipairs { 40, 600, 5000, 60000 } do
    it(("holds nothing of a file of %d bytes"):format(size), function()
      local path = file_with(secret_of(size))
      assert.equal("done\n", found_by(([[
        do
          local secret = require "truto".secret.file %q
          assert(#secret:reveal() == %d)
          local file = io.open(%q, "w")
          file:write "changed"
          file:close()
          assert(secret:reveal() == "changed")
        end
        collectgarbage()
        collectgarbage()
        print "done"]]):format(path, size, path)))
      os.remove(path)
    end)

    it(("holds nothing of a request with %d bytes"):format(size), function()
      local path = file_with(secret_of(size))
      assert.equal("done\n", found_by(([[
        local truto = require "truto"
        local client = assert(truto.new {
          token = truto.secret.verbatim %q })
        local key = truto.secret.file %q
        for _ = 1, 2 do
          assert(client.datastore.update("ds_1", {
            config_secret = key,
            config = { credentials = { private_key = key } },
          }, { validate = false, headers = { ["X-Key"] = truto.secret(%q) } }))
        end
        assert(client.datastore.update("ds_1", { label = "small" }))
        client.close()
        client, key = nil, nil
        collectgarbage()
        collectgarbage()
        print "done"]]):format(CANARY .. "token", path, CANARY .. "header")))
      os.remove(path)
    end)
  end

  it("holds nothing of a variable, a descriptor or a function", function()
    local path = file_with(secret_of(3000))
    assert.equal("done\n", found_by([[
      do
        local secret = require "truto".secret
        assert(secret.env "KEY":reveal())
        assert(secret.fd(0):reveal())
        assert(secret.call(function() return os.getenv "KEY" end):reveal())
        assert(not secret.file "/dev/fd/123456":reveal()) -- never open
      end
      collectgarbage()
      collectgarbage()
      print "done"]], "KEY=" .. CANARY .. "variable 0<" .. path .. " "))
    os.remove(path)
  end)

  it("is looked at by the library that is preloaded", function()
    -- Nothing is found everywhere.
    local output = found_by([[
      do local secret = require "truto".secret "x" end
      collectgarbage()
      collectgarbage()]], "TRUTO_SPEC_CANARY=")
    assert.matches("freed memory has it", output, 1, true)
  end)
end)
