--- The program that truto runs in.

local M = {}

-- nginx's table in Lua, or nil.
local function find_ngx()
  -- Strict-globals modules raise for a name that is not there.
  local found, ngx = pcall(function() return _G.ngx end)
  return found and type(ngx) == "table" and type(ngx.get_phase) == "function"
    and ngx or nil
end

--- Whether that is nginx with Lua (lua-nginx-module, OpenResty).
---@return boolean
function M.is_nginx() return find_ngx() ~= nil end

--- Whether Lua runs in an nginx worker's own thread. In a thread of
--- ngx.run_worker_thread there is an `ngx`, too, with get_phase even, but
--- nothing in it that yields.
---@return boolean
function M.is_nginx_worker()
  local ngx = find_ngx()
  return ngx ~= nil and type(ngx.socket) == "table"
end

return M
