-- The client and the secrets of this site, made once in the master process
-- and shared by all workers. A reload reads the files again.

local truto = require "truto"

local M = {}

local function secret_from(variable)
  local path = assert(os.getenv(variable), "set " .. variable)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  -- An empty one would be known to everybody.
  assert(text:find "%S", path .. " is empty")
  return truto.secret((text:gsub("\r?\n$", "")))
end

--- What callers must know; a truto.secret.
M.rotate_secret = secret_from "ROTATE_SECRET_FILE"

--- Its first update in each worker starts that worker's background thread.
M.client = truto.assert(truto.new {
  token = secret_from "TRUTO_API_TOKEN_FILE",
  deadline = 30, -- a caller waits for the answer
})

return M
