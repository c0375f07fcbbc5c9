-- One client used while a call of it is under way: from another coroutine, or
-- from a finalizer, which Lua runs whenever it collects.

local exchange = require "support.exchange"
local truto = require "truto"

local server = exchange.server

-- Across pcall; Lua 5.1 lets nobody yield there.
local CAN_YIELD = _VERSION ~= "Lua 5.1" or rawget(_G, "jit") ~= nil

before_each(function() server:reset() end)

-- The label that arrived for each id.
local function labels()
  local found = {}
  for _, entry in ipairs(server:log()) do
    local id = entry.path:match "[^/]+$"
    found[id] = entry.body:match '"label":"([^"]*)"'
  end
  return found
end

describe("one client in two coroutines (A09)", function()
  -- Each in its turn until all have ended.
  local function interleave(bodies)
    local threads, results, alive = {}, {}, 0
    for i, body in ipairs(bodies) do
      threads[i], alive = coroutine.create(body), alive + 1
    end
    while alive > 0 do
      for i, thread in pairs(threads) do
        local resumed, value = coroutine.resume(thread)
        assert(resumed, value)
        if coroutine.status(thread) == "dead" then
          threads[i], results[i], alive = nil, value, alive - 1
        end
      end
    end
    return results
  end

  -- Three updates of one client at once; `changes` is given each number.
  local function three(client, changes)
    local bodies = {}
    for i = 1, 3 do
      bodies[i] = function()
        local datastore, err =
          client.datastore.update("ds_" .. i, changes(i))
        return datastore and datastore.id or err.code
      end
    end
    return interleave(bodies)
  end

  local function plain(i) return { label = "label " .. i } end
  local THREE = { ds_1 = "label 1", ds_2 = "label 2", ds_3 = "label 3" }

  it("keeps them apart when the token function yields", function()
    local client = exchange.client("record", {
      token = function()
        coroutine.yield()
        return exchange.TOKEN
      end,
    })
    local results = three(client, plain)
    client.close()
    if CAN_YIELD then
      assert.same({ "ds_1", "ds_2", "ds_3" }, results)
      assert.same(THREE, labels())
    else
      assert.same({ "missing_token", "missing_token", "missing_token" },
        results)
      assert.same({}, server:log())
    end
  end)

  it("keeps them apart when a secret's function yields", function()
    local client = exchange.client "record"
    local results = three(client, function(i)
      return {
        label = "label " .. i,
        config_secret = truto.secret.call(function()
          coroutine.yield()
          return "secret " .. i
        end),
      }
    end)
    client.close()
    if not CAN_YIELD then return assert.same({}, server:log()) end
    assert.same({ "ds_1", "ds_2", "ds_3" }, results)
    assert.same(THREE, labels())
    for _, entry in ipairs(server:log()) do
      assert.matches('"secret ' .. entry.path:match "%d$" .. '"', entry.body,
        1, true)
    end
  end)

  it("keeps them apart when on_retry and log yield", function()
    for _, name in ipairs { "on_retry", "log" } do
      server:reset()
      local client = exchange.client("fail-then-ok,status=503,x=" .. name, {
        [name] = function() coroutine.yield() end,
        driver = require "support.driver".impatient(),
      })
      assert.same({ "ds_1", "ds_2", "ds_3" }, three(client, plain))
      client.close()
      assert.same(THREE, labels())
      assert.equal(6, #server:log())
    end
  end)
end)

local MOST = 100

-- Calls `action` from a finalizer at each collection, with collections as
-- often as Lua can, while `body` runs; at most MOST times, since a collector
-- that always finds garbage would not come to an end.
local function with_finalizers(action, body)
  local armed, count = true, 0
  local make
  local function finalize()
    if not armed or count == MOST then return end
    make()
    count = count + 1
    action(count)
  end
  make = function()
    if rawget(_G, "newproxy") then
      local proxy = newproxy(true)
      getmetatable(proxy).__gc = finalize
    else
      setmetatable({}, { __gc = finalize })
    end
  end
  make()
  local pause = collectgarbage("setpause", 0)
  local speed = collectgarbage("setstepmul", 1000)
  local done, problem = pcall(body)
  armed = false
  collectgarbage("setpause", pause)
  collectgarbage("setstepmul", speed)
  assert(done, problem)
end

describe("a finalizer that runs within a call", function()
  it("may use the same client (A08)", function()
    local client = exchange.client "ok,x-outer=1"
    local inner = exchange.client "ok"
    local within = false
    with_finalizers(function(number)
      if within then return end
      within = true
      local user = number % 2 == 0 and client or inner
      user.datastore.update("inner", { label = ("y"):rep(number % 5000) })
      within = false
    end, function()
      for i = 1, 40 do
        local id, label = "ds_" .. i, ("x"):rep(i)
        local datastore, err, meta =
          client.datastore.update(id, { label = label })
        assert(datastore, err)
        assert.equal(id, datastore.id)
        assert.equal(200, meta.status)
        assert.equal("1", meta.headers["x-outer"])
      end
    end)
    client.close()
    inner.close()
    local read = labels()
    for i = 1, 40 do assert.equal(("x"):rep(i), read["ds_" .. i]) end
  end)

  it("may close the client (A02)", function()
    for _ = 1, 30 do
      local client = exchange.client "ok"
      with_finalizers(client.close, function()
        for i = 1, 5 do
          local called, datastore, err =
            pcall(client.datastore.update, "ds_" .. i, { label = "x" })
          if called and datastore then
            assert.equal("ds_" .. i, datastore.id)
          else
            assert.matches("closed", tostring(err or datastore), 1, true)
          end
        end
      end)
      client.close()
    end
  end)
end)
