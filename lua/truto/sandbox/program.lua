--- Runs a program inside a sandbox: with the variables set by which truto, and
--- whoever else reads them, finds it.

local M = {}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- What stands before the command. The token is read from its file, since other
-- users can see a process's arguments; a proxy would not find this machine.
local function exports(service)
  local lines = {
    "TRUTO_API_TOKEN=$(cat " .. quote(service.token_file) .. ")",
    "TRUTO_BASE_URL=" .. service.base_url,
    "TRUTO_CA_FILE=" .. quote(service.ca_file),
    "NO_PROXY=127.0.0.1,localhost${NO_PROXY:+,$NO_PROXY}",
    "no_proxy=127.0.0.1,localhost${no_proxy:+,$no_proxy}",
  }
  return table.concat(lines, "\n") .. "\nexport TRUTO_API_TOKEN"
    .. " TRUTO_BASE_URL TRUTO_CA_FILE NO_PROXY no_proxy\n"
end

-- Lua 5.1 gives what wait() says: 256 times the status, or a signal.
local function status_of(ok, how, code)
  if type(ok) == "number" then
    return ok % 256 == 0 and ok / 256 or 128 + ok % 128
  end
  return how == "signal" and 128 + code or code
end

--- Runs a command of the shell.
---@param service truto.Sandbox
---@param command string
---@return integer status of the command; 128 and more if a signal ended it
function M.run(service, command)
  return status_of(os.execute(exports(service) .. command))
end

--- The program of `make try`: runs the command in the variable `CMD` inside a
--- sandbox, and ends with its status.
function M.main()
  local command = os.getenv "CMD"
  if not command or command == "" then
    io.stderr:write "usage: make try CMD='lua5.4 script.lua'\n"
    os.exit(2)
  end
  local service, err = require "truto.sandbox".start()
  if not service then
    io.stderr:write(tostring(err), "\n")
    os.exit(1)
  end
  local status = M.run(service, command)
  service.stop()
  os.exit(status)
end

return M
