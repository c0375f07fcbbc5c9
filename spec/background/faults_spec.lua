-- The specs of exchanges once more, through the background driver: what the
-- network can do to one transfer it can do to one among many.

local background = require "support.background"
local drivers = require "support.driver"
local truto = require "truto"

-- Connections are the thread's and outlive their client; most specs expect
-- that they end with it. Where clients are closed within a call, the thread
-- must go on.
local SPECS = {
  { "core/exchange" }, { "core/framing" }, { "core/response" },
  { "core/routes" },
  { "core/tls" }, { "core/wire" },
  { "client/retry_fault" }, { "faults/canary" },
  { "client/reentry", thread_stays = true },
}

-- busted forgets these modules after the file, and with them the changes.
drivers.kind = "background"
require "truto.driver".blocking.attempt = function()
  error "this went through the blocking driver"
end

local thread_stays
local new = truto.new
function truto.new(given)
  local changed = { driver = drivers.real() }
  for name, value in pairs(given or {}) do changed[name] = value end
  local client, err = new(changed)
  if not client then return nil, err end
  local close = client.close
  function client.close()
    close()
    if not thread_stays then background.stop() end
  end
  return client
end

local here = debug.getinfo(1, "S").source:match "^@(.*[/\\])background[/\\]"
local environment = rawget(_G, "setfenv") and getfenv(1) or _ENV

local function load_spec(name)
  local path = here .. name .. "_spec.lua"
  if not rawget(_G, "setfenv") then
    return assert(loadfile(path, "t", environment))
  end
  return setfenv(assert(loadfile(path)), environment)
end

for _, spec in ipairs(SPECS) do
  describe("through the background driver:", function()
    before_each(function()
      thread_stays = spec.thread_stays
      background.stop()
    end)
    load_spec(spec[1])()
  end)
end
