--- The driver inside nginx (lua-nginx-module, OpenResty): a call waits by
--- yielding, so the worker serves other requests meanwhile.
---
--- Chosen by itself for clients made inside nginx; there is nothing to call
--- here and no nginx directive to set. The first call of a worker starts
--- that worker's background thread; before that, as in `init_by_lua`, there
--- are only definitions.

local background = require "truto.background"
local core = require "truto.core"

local M = {}

-- Phases in which nginx lets Lua wait.
local WAITS = {
  rewrite = true,
  server_rewrite = true,
  access = true,
  content = true,
  timer = true,
  ssl_cert = true,
  preread = true, -- of stream {}
}

-- Seconds to reach the thread; ends a wait only if the thread is starved.
local REACH = 5

-- Milliseconds that an unused connection to the thread is kept.
local KEEP = 60000

-- One pool for all calls of a worker; more than can be under way.
local POOL = { pool_size = 4096 }

local function setup_error(code, message)
  return {
    kind = "setup", code = code, message = message, outcome = "not_sent",
  }
end

local function phase_error()
  local phase = ngx.get_phase()
  if WAITS[phase] then return nil end
  return setup_error("phase", "nginx cannot wait in the phase " .. phase
    .. ": make the call in a timer, as ngx.timer.at(0, function() ... end)"
    .. (phase == "init" and ", from init_worker_by_lua on" or ""))
end

-- What the kernel says when more callers wait than its limit, somaxconn,
-- allows, until the thread comes to accept them.
local FULL = "resource temporarily unavailable"
local FULL_PAUSE = 0.01 -- seconds

local function connect(socket)
  local give_up = core.system.monotonic() + REACH
  local address = "unix:" .. core.background.address()
  while true do
    local connected, reason = socket:connect(address, POOL)
    if connected or reason ~= FULL or core.system.monotonic() > give_up then
      return connected, reason
    end
    ngx.sleep(FULL_PAUSE)
  end
end

-- Returns why no byte came, or nothing. A socket that fails closes itself.
local function wait_for_end(exchange, seconds)
  local socket = ngx.socket.tcp()
  socket:settimeouts(REACH * 1000, REACH * 1000, seconds * 1000)
  local done, reason = connect(socket)
  if done then done, reason = socket:send(core.background.number(exchange)) end
  if done then done, reason = socket:receive(1) end
  if done then
    socket:setkeepalive(KEEP)
    return nil
  end
  socket:close()
  if reason == "timeout" then return reason end
  return reason .. "; worker_connections or open files may be used up"
end

-- The wait raises where nothing can wait, as inside of gsub or sort.
local carry_out = background.attempt(wait_for_end)

local function attempt(handle, operation, ...)
  local refused = phase_error()
  if refused then return nil, refused, {} end
  return carry_out(handle, operation, ...)
end

local function wait(seconds)
  local refused = phase_error()
  if refused then return nil, refused end
  ngx.sleep(seconds)
  return true
end

---@type truto.Driver
M.driver = {
  attempt = attempt,
  wait = wait,
  now = core.system.monotonic,
  random = core.system.random,
}

return M
