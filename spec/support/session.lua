--- A folder of one's own in which programs talk to a sandbox, as somebody
--- does who types what a document shows: `lua` is the VM of the specs.

local key_file = require "support.key_file"
local vm = require "support.vm"

local M = {}

-- What the documents' examples take from the environment or from files.
local VARIABLES = {
  S3_ACCESS_KEY_ID = "AKIAEXAMPLE",
  S3_SECRET_ACCESS_KEY = "canary-key-of-the-session",
}

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function read_all(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

---@class truto.spec.Session
---@field folder string
local Session = {}
Session.__index = Session

---@param service table a sandbox
---@return truto.spec.Session
function M.start(service)
  local folder = read_all "mktemp -d":match "[^\n]+"
  os.execute(("mkdir %s/bin"):format(folder))
  write(folder .. "/bin/lua", "#!/bin/sh\nexec " .. vm.command .. ' "$@"\n')
  os.execute(("chmod +x %s/bin/lua"):format(folder))
  key_file.write(folder .. "/service-account.json")
  local exports = {
    ("cd '%s' && export PATH='%s/bin':\"$PATH\""):format(folder, folder),
    "TRUTO_BASE_URL=" .. service.base_url,
    "TRUTO_API_TOKEN=" .. service.token,
    "TRUTO_CA_FILE=" .. service.ca_file,
  }
  for name, value in pairs(VARIABLES) do
    exports[#exports + 1] = name .. "=" .. value
  end
  return setmetatable({
    folder = folder,
    exports = table.concat(exports, " "),
    service = service,
  }, Session)
end

function Session:write(name, text) write(self.folder .. "/" .. name, text) end

--- Runs a command of the shell.
---@param command string
---@return string output of both streams, as it would be with the public
---  service; interpreters call themselves `lua`
---@return integer status
function Session:run(command)
  local text = read_all(("{ %s && { %s\n}; } 2>&1; echo status=$?"):format(
    self.exports, command))
  local output, status = text:match "^(.*)status=(%d+)\n$"
  local public = "https://api.truto.one"
  output = ("\n" .. output):gsub(self.service.base_url:gsub("%p", "%%%0"),
    public):gsub("\n" .. vm.name:gsub("%p", "%%%0") .. ": ", "\nlua: ")
  return output:sub(2), tonumber(status)
end

function Session:stop() os.execute(("rm -rf '%s'"):format(self.folder)) end

return M
