-- The specs of exchanges once more, through the background driver: what the
-- network can do to one transfer it can do to one among many.

local background = require "support.background"
local truto = require "truto"

local SPECS = { "exchange", "response", "tls" }

-- busted forgets this module after the file, and with it the change.
local new = truto.new
function truto.new(given)
  local changed = { driver = background.driver() }
  for name, value in pairs(given or {}) do changed[name] = value end
  return new(changed)
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

-- Clients share the thread's connections, and each of these specs begins
-- with none.
before_each(background.stop)

for _, name in ipairs(SPECS) do
  describe("through the background driver:", load_spec(name))
end
