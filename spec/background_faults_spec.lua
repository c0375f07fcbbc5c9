-- The specs of exchanges once more, through the background driver: what the
-- network can do to one transfer it can do to one among many.

local background = require "support.background"
local truto = require "truto"

local SPECS = { "exchange", "response", "tls", "wire", "retry_fault" }

-- busted forgets this module after the file, and with it the change.
-- Connections are the thread's and outlive their client; the specs expect
-- that they end with it.
local new = truto.new
function truto.new(given)
  local changed = { driver = background.driver() }
  for name, value in pairs(given or {}) do changed[name] = value end
  local client, err = new(changed)
  if not client then return nil, err end
  local close = client.close
  function client.close()
    close()
    background.stop()
  end
  return client
end

local here = debug.getinfo(1, "S").source:match "^@(.*[/\\])"
local environment = rawget(_G, "setfenv") and getfenv(1) or _ENV

local function load_spec(name)
  local path = here .. name .. "_spec.lua"
  if not rawget(_G, "setfenv") then
    return assert(loadfile(path, "t", environment))
  end
  return setfenv(assert(loadfile(path)), environment)
end

before_each(background.stop)

for _, name in ipairs(SPECS) do
  describe("through the background driver:", load_spec(name))
end
