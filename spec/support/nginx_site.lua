--- A site for the specs of nginx: clients of the fault server in an nginx of
--- its own, and what must hold whenever one of those ends.

local assert = require "luassert"
local exchange = require "support.exchange"
local nginx = require "support.nginx"

local M = {}

local server = exchange.server

--- Configuration text: one update by the client that `?fault=` names; its
--- end stands in ngx.ctx.answer.
M.UPDATE = [[
  local datastore, err = clients[ngx.var.arg_fault or "record"]
    .datastore.update("ds_1", { label = "x", config_secret = "canary-key" })
  ngx.ctx.answer = datastore and datastore.id
    or err.kind .. " " .. err.code .. " " .. err.outcome
]]

-- Makes `clients`, one for each fault, when asked for; one before the fork.
local CLIENTS = [[
  init_by_lua_block {
    local truto = require "truto"
    %s
    clients = setmetatable({}, { __index = function(all, fault)
      all[fault] = assert(truto.new {
        token = "%s", ca_file = "%s", max_attempts = 1, timeout = 2,
        base_url = "%s/" .. fault, %s
      })
      return all[fault]
    end })
    local made_before_the_fork = clients.record
    %s
  }
]]

--- Configuration text that makes the clients.
---@param changes? table code `before` and `after` it; more `options` of
---  truto.new, as code; another `ca_file`
function M.clients(changes)
  changes = changes or {}
  return CLIENTS:format(changes.before or "", exchange.TOKEN,
    changes.ca_file or server.ca_file, server.https,
    changes.options or "", changes.after or "")
end

local LOCATIONS = ([[
  location = /update { content_by_lua_block { %s ngx.say(ngx.ctx.answer) } }
  location = /counts { content_by_lua_block {
    local counts = require("truto.background").counts()
    ngx.say(counts and counts[ngx.var.arg_of] or "none")
  } }
]]):format(M.UPDATE)

local running

--- Whether this machine has an nginx with Lua.
function M.is_there() return nginx.find() ~= nil end

--- Starts nginx with the clients, `/update` and `/counts`.
---@param options table as `support.nginx` takes it, and `clients` as above
---@return truto.spec.Nginx
function M.start(options)
  options.http = options.http or M.clients(options.clients)
  options.server = LOCATIONS .. (options.server or "")
  running = nginx.start(options)
  return running
end

--- Lets the one that was started leave, and looks at what it left behind.
function M.stop()
  if not running then return end
  local one = running
  running = nil
  one:signal "QUIT"
  local ended = one:ended()
  local log = one:log()
  one:stop()
  assert.is_true(ended, "a worker did not leave:\n" .. log)
  for _, wrong in ipairs { "open socket", "exited on signal", "%[crit%]",
    "writing a global", "attempt to yield" } do
    assert.is_nil(log:match("[^\n]*" .. wrong .. "[^\n]*"))
  end
end

return M
