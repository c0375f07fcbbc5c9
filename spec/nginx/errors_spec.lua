-- What nginx's error.log and its clients get to read of an error.

local vm = require "support.vm"
if vm.name ~= "luajit" then return end

local site = require "support.nginx_site"

if not site.is_there() then
  it("works inside nginx", function()
    pending "nginx with its Lua module is not installed"
  end)
  return
end

after_each(site.stop)

local CLIENT = [[
  local truto = require "truto"
  local client = truto.new { token = "t", base_url = "http://127.0.0.1:1",
    max_attempts = 1 }
  local function fail()
    return client.datastore.update("ds_1", { label = "x" })
  end
]]

describe("in nginx's error.log", function()
  it("truto.assert shows the error and the caller's line", function()
    local one = site.start {
      server = "location = /raise { content_by_lua_block {\n" .. CLIENT
        .. "truto.assert(fail())\n} }",
    }
    assert.equal(500, (one:get "/raise"))
    -- nginx counts the lines of a block from its brace.
    one:wait_for("runtime error: content_by_lua%b():%d+: truto: "
      .. "connection_refused: ")
    assert.is_nil(one:log():find("unknown reason", 1, true))
  end)

  it("truto.assert shows them from a timer and a light thread", function()
    local one = site.start {
      server = "location = /raise { content_by_lua_block {\n" .. CLIENT
        .. [[
        ngx.timer.at(0, function() truto.assert(fail()) end)
        local thread = ngx.thread.spawn(function() truto.assert(fail()) end)
        local _, raised = ngx.thread.wait(thread)
        ngx.say(type(raised))
        } }]],
    }
    assert.same({ 200, "string\n" }, { one:get "/raise" })
    one:wait_for "lua user thread aborted: runtime error: %S+:%d+: truto: "
    one:wait_for "lua entry thread aborted: runtime error: %S+:%d+: truto: "
  end)

  it("an error can be logged as it is, or joined with text", function()
    local one = site.start {
      server = "location = /log { content_by_lua_block {\n" .. CLIENT
        .. [[
        local _, err = fail()
        ngx.log(ngx.ERR, err)
        ngx.log(ngx.ERR, "failed: " .. err)
        ngx.say("sorry: " .. err)
        } }]],
    }
    local status, body = one:get "/log"
    assert.equal(200, status)
    assert.matches("^sorry: truto: connection_refused: ", body)
    one:wait_for "%d: truto: connection_refused: "
    one:wait_for "failed: truto: connection_refused: "
  end)

  it("the log's events appear with one line of code", function()
    local one = site.start {
      clients = { options =
        "log = function(event) ngx.log(ngx.NOTICE, event) end," },
    }
    assert.same({ 200, "ds_1\n" }, { one:get "/update" })
    one:wait_for "truto: request PATCH /%S*datastore/%S+ attempt=1"
    one:wait_for "truto: response PATCH /%S*datastore/ds_1 attempt=1 status=200"
  end)
end)

describe("inside nginx", function()
  it("a variable that is missing comes with nginx's env", function()
    local one = site.start {
      server = [[location = /missing { content_by_lua_block {
        local truto = require "truto"
        local _, err = truto.datastore.update("ds_1", { label = "x" })
        ngx.say(err.message)
        _, err = truto.secret.env("TRUTO_SPEC_UNSET"):reveal()
        ngx.say(err.message)
      } }]],
    }
    local _, body = one:get "/missing"
    local _, count = body:gsub("inside nginx a worker sees only the "
      .. "environment variables that nginx.conf names", "")
    assert.equal(2, count)
  end)
end)
