-- Secrets inside a real nginx: files that change under its workers, what
-- would block them, and what stands in its log. On LuaJIT only, as site_spec.

local vm = require "support.vm"
if vm.name ~= "luajit" then return end

local exchange = require "support.exchange"
local site = require "support.nginx_site"

local server = exchange.server

if not site.is_there() then
  it("works inside nginx", function()
    pending "nginx with its Lua module is not installed"
  end)
  return
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local path
before_each(function()
  server:reset()
  path = os.tmpname()
end)
after_each(function()
  site.stop()
  os.remove(path)
end)

describe("inside nginx a secret file", function()
  it("that changes is read again by the workers that know it (S12)",
    function()
      write(path, "canary-n1")
      local one = site.start {
        clients = { before = ("key = truto.secret.file %q"):format(path) },
        server = [[location = /key { content_by_lua_block {
          local client = clients.record
          local datastore, err = client.datastore.update("ds_1",
            { config_secret = key })
          ngx.say(datastore and datastore.id or err.code)
        } }]],
      }
      for _, text in ipairs { "canary-n1", "canary-n2", "", "canary-n3" } do
        write(path, text)
        local _, answer = one:get "/key"
        assert.equal(text == "" and "empty_secret\n" or "ds_1\n", answer)
      end
      local sent = {}
      for i, entry in ipairs(server:log()) do
        sent[i] = entry.body:match "canary%-n%d"
      end
      assert.same({ "canary-n1", "canary-n2", "canary-n3" }, sent)
    end)

  it("that is the token's is looked at, too (S12)", function()
    local one = site.start {
      http = site.clients {
        options = ("token = truto.secret.file %q,"):format(path),
      },
    }
    for i = 1, 3 do
      write(path, "canary-token-" .. i)
      one:get "/update"
      local log = server:log()
      assert.equal("Bearer canary-token-" .. i,
        log[#log]:header "authorization")
    end
  end)

  it("that is a pipe is an error, and the worker serves on", function()
    os.remove(path)
    os.execute("mkfifo " .. path)
    local one = site.start {
      server = ([[location = /pipe { content_by_lua_block {
        local _, err = require("truto").secret.file(%q):reveal()
        ngx.say(err.kind, " ", err.code)
      } }]]):format(path),
    }
    assert.equal("setup secret_unreadable\n", select(2, one:get "/pipe"))
    assert.equal("pong", select(2, one:get "/ping"))
  end)
end)

describe("nginx's log", function()
  it("has nothing of a key that the server echoes (S11)", function()
    local one = site.start {
      clients = { options = "validate = false," },
      server = [[location = /echo { content_by_lua_block {
        local truto = require "truto"
        local lines = { "-----BEGIN PRIVATE KEY-----" }
        for i = 2, 8 do
          lines[i] = "canary-line-" .. i .. ("MIIEvQIBADANBgkqhkiG"):rep(2)
        end
        lines[9] = "-----END PRIVATE KEY-----\n"
        local key = table.concat(lines, "\n")
        local _, err = clients["echo-forms=400"].datastore.update("ds_1", {
          config = { credentials = { private_key = key } },
          config_secret = truto.secret(key .. 'canary "\\ \195\169'),
        })
        ngx.log(ngx.ERR, tostring(err))
        ngx.log(ngx.ERR, err.message)
        ngx.log(ngx.ERR, require("cjson").encode(err.api))
        ngx.say(err.status)
      } }]],
    }
    assert.equal("400\n", select(2, one:get "/echo"))
    local log = one:log()
    assert.matches("[secret]", log, 1, true)
    assert.is_nil(log:find("canary-line", 1, true))
    assert.is_nil(log:find("MIIEvQIBADANBgkqhkiG", 1, true))
  end)
end)
