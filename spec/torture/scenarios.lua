-- What the torture program runs; see torture.c. Each scenario has
--   prepare() -> kept    runs while nothing fails
--   run(kept, must)      runs while something fails, and again with `must`
--                        when nothing does: then every answer has to be there
-- All requests are alike but for their ids: run.py knows what they hold.

local host = ...

local TOKEN = "torture-token"
local SECRET = "torture-secret-value"
local LIMITS = { token = TOKEN, timeout = 20, connect_timeout = 20 }

local function base_url(fault)
  return host.url .. "/" .. fault .. "/" .. host.tag
end

local function settings(fault)
  return {
    base_url = base_url(fault), ca_file = host.ca_file,
    user_agent = "torture", secret_names = { "secret_access_key" },
    proxy = "", no_proxy = "", max_response_bytes = 65536,
  }
end

local function changes(secret)
  return {
    label = "torture",
    config = {
      bucket = "exports", port = 6333, list = { 1, 0.5, true },
      secret_access_key = secret or SECRET,
    },
  }
end

local function with_header(value)
  local options = { headers = { ["X-Torture"] = value or "header-value" } }
  for name, limit in pairs(LIMITS) do options[name] = limit end
  return options
end

-- Whatever fails.
local function never(condition, what)
  if condition then host.complain(what) end
end

local function check(must, value, err)
  if must and not value then
    error(type(err) == "table" and err.message or err or "no value", 2)
  end
  return value
end

local function open()
  return { core = require "truto.core" }
end

-- One update; `wanted` is the status of the error that has to come.
local function update(kept, client, must, given, options, wanted)
  local datastore, err = host.call(function(id)
    return kept.core.datastore.update(client, id, given or changes(),
      options or with_header())
  end)
  never(err and tostring(err.message):find(TOKEN, 1, true), "token shown")
  if wanted and must then
    assert(err and err.status == wanted, "another error")
  elseif not wanted then
    check(must, datastore, err)
  end
  return err
end

-- A client that was left by the run before must work as well as a new one.
local function client_of(kept, must, fault)
  if kept.client and must then update(kept, kept.client, must,
    nil, nil, kept.wanted) end
  kept.client = check(must, kept.core.client.new(settings(fault)))
  return kept.client
end

local M = {}

M.open = {
  prepare = function() return {} end,
  run = function()
    -- Lua 5.1 keeps a module whose loading was cut short as "previous error".
    package.loaded["truto.core"], package.loaded.cjson = nil, nil
    local core = require "truto.core"
    assert(core.datastore.update and core.secret.methods)
    local chance = core.system.random()
    assert(chance >= 0 and chance < 1)
  end,
}

M.new = {
  prepare = open,
  run = function(kept, must)
    local client = check(must, kept.core.client.new(settings("ok")))
    if not client then return end
    assert(tostring(client) == "truto.client")
    kept.core.client.close(client)
    kept.core.client.close(client)
    assert(tostring(client) == "truto.client (closed)")
    local proxied = settings("ok")
    proxied.base_url = "https://localhost/"
    proxied.proxy = "http://user:password@127.0.0.1:3128"
    check(must, kept.core.client.new(proxied))
    local refused, err = kept.core.client.new { base_url = "http://a.test" }
    assert(not refused and err.kind == "setup")
  end,
}

M.update = {
  prepare = open,
  run = function(kept, must)
    local client = client_of(kept, must, "ok")
    if not client then return end
    update(kept, client, must)
    update(kept, client, must)
    update(kept, client, must, nil, { headers = with_header().headers,
      token = TOKEN, timeout = 19 })
  end,
}

M.error = {
  prepare = function()
    local kept = open()
    kept.wanted = 404
    return kept
  end,
  run = function(kept, must)
    local client = client_of(kept, must, "echo-token=404,retry-after=1")
    if not client then return end
    update(kept, client, must, nil, nil, 404)
    local other = check(must, kept.core.client.new(settings("redirect=307")))
    if not other then return end
    update(kept, other, must, nil, nil, 307)
    kept.core.client.close(other)
    host.call(function(id)
      return kept.core.datastore.update(client, id .. "\0", changes(), LIMITS)
    end)
    host.call(function(id)
      return kept.core.datastore.update(client, id, { label = print }, LIMITS)
    end)
  end,
}

-- A secret in Lua's hands for a call: filled and read as the Lua layer does.
local function filled(secret, must)
  local loader = secret.loader
  return function(value)
    local load, unread = loader(value)
    if load then secret.fill(unread, load()) end
    local read, problem = secret.read(value, true)
    check(must, read, problem)
    return value
  end
end

M.secrets = {
  prepare = function()
    local kept = open()
    kept.path = os.tmpname()
    -- Here also since Lua 5.4 leaves the metatable of its long buffers half
    -- made when memory ends there, and raises ever after.
    kept.long = ("s"):rep(10000)
    local file = assert(io.open(kept.path, "wb"))
    file:write(SECRET, "\n")
    file:close()
    return kept
  end,
  run = function(kept, must)
    local secret = kept.core.secret
    local made = {
      secret.value(SECRET), secret.file(kept.path),
      secret.call(function() return SECRET end), secret.env "TORTURE_SECRET",
    }
    made[5] = secret.verbatim(made[1])
    local fill = filled(secret, must)
    local client = client_of(kept, must, "ok")
    if not client then return end
    for _, value in ipairs(made) do
      assert(tostring(value) == "[secret]")
      update(kept, client, must, changes(fill(value)),
        with_header(secret.value("header-value")))
    end
    local piped = secret.fd(host.pipe(kept.long))
    for _ = 1, 2 do
      local read, err = secret.read(piped, true)
      local revealed = check(must, read and secret.reveal(piped), err)
      never(revealed and revealed ~= kept.long, "a part of a secret")
    end
    local read, why = secret.read(secret.env("TRUTO_TORTURE_UNSET"), true)
    assert(not read and why == "absent")
    assert(secret.judge "****" == "placeholder_secret")
    if must then os.remove(kept.path) end
  end,
}

-- Nothing is closed by hand.
M.collect = {
  prepare = open,
  run = function(kept, must)
    for _ = 1, 2 do
      local client = check(must, kept.core.client.new(settings("ok")))
      if not client then return end
      local secret = kept.core.secret.value(SECRET)
      update(kept, client, must, changes(secret))
      client, secret = nil, nil -- luacheck: ignore 311
      collectgarbage()
    end
  end,
}

-- By the background thread, which has one at a time under way here. While
-- things fail nobody waits long: what is not watched is never readable.
local function drive(kept, client, must, id)
  local driver, options = kept.core.background, with_header()
  local seconds = must and 20 or 0.2
  options.timeout, options.connect_timeout = seconds, seconds
  local exchange, err = driver.start(client, "update", id, changes(), options)
  if not exchange then return nil, err end
  local descriptor, reason = driver.descriptor(exchange)
  if descriptor then host.wait(descriptor, seconds + 0.2) end
  if driver.done(exchange) then return driver.finish(client, exchange) end
  return nil, {
    outcome = driver.cancel(client, exchange), code = "cancelled",
    message = reason or "the exchange did not end",
  }
end

M.background = {
  prepare = function()
    local kept = open()
    kept.core.background.limit(1, 1)
    kept.core.background.keep_idle(0.001)
    return kept
  end,
  run = function(kept, must)
    -- An exchange that was lost to an error has its ticket until then.
    if must then collectgarbage() end
    local client = check(must, kept.core.client.new(settings "ok"))
    if not client then return end
    local driver = kept.core.background
    local waiting = driver.start(client, "update", "waiting", changes(),
      with_header())
    for _ = 1, 2 do
      check(must, host.call(function(id)
        return drive(kept, client, must, id)
      end))
    end
    if waiting then driver.cancel(client, waiting) end
    -- Connections that nobody uses are closed meanwhile.
    host.wait(-1, 0.005)
    check(must, driver.counts() or not must)
  end,
}

-- The layer in Lua above, retries left out.
M.library = {
  prepare = function() return { truto = require "truto" } end,
  run = function(kept, must)
    local truto = kept.truto
    local client = check(must, truto.new {
      base_url = base_url "ok", ca_file = host.ca_file, proxy = false,
      token = TOKEN, user_agent = "torture", max_attempts = 1, timeout = 20,
    })
    if not client then return end
    for _ = 1, 2 do
      local datastore, err = host.call(function(id)
        return client.datastore.update(id, changes(truto.secret(SECRET)), {
          headers = { ["X-Torture"] = "header-value" }, validate = false,
        })
      end)
      check(must, datastore, err)
    end
    client.close()
  end,
}

return M
