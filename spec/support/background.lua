--- The background driver for specs without an event loop: it waits by poll.

local cqueues = require "cqueues"

local M = {}

--- Waits in this thread. Outside of a loop, cqueues polls by itself; it must
--- be told that a descriptor is about to be closed, also when a hook raises
--- while it polls.
M.loop = {
  readable = function(descriptor, seconds)
    local returned, reason = pcall(cqueues.poll,
      { pollfd = descriptor, events = "r" }, seconds)
    cqueues.cancel(descriptor)
    if not returned then error(reason, 0) end
  end,
  sleep = cqueues.sleep,
}

--- The same inside a loop of cqueues, where calls run at once.
M.in_loop = {
  readable = function(descriptor, seconds)
    cqueues.poll({ pollfd = descriptor, events = "r" }, seconds)
    cqueues.cancel(descriptor)
  end,
  sleep = cqueues.sleep,
}

--- A driver without a loop.
function M.driver()
  return require("truto.background").driver(M.loop)
end

-- The value in the registry that keeps this state's thread alive.
local function user()
  local registry = debug.getregistry()
  for key, value in pairs(registry) do
    if type(key) == "userdata" and type(value) == "userdata" then
      local metatable = debug.getmetatable(value)
      if metatable and metatable.__metatable == "truto.background.user" then
        return registry, key
      end
    end
  end
end

--- Ends the thread of this Lua state, and its connections, as closing the
--- state would.
function M.stop()
  local registry, key = user()
  if registry then registry[key] = nil end
  collectgarbage()
  collectgarbage()
end

return M
