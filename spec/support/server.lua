--- The fault server of the specs, from the side of Lua.
--
-- `fault_server.py` records what reaches it and answers with faults; this
-- module starts it, knows what listens where, and reads its log. What can
-- be asked for is in `fault_table.py` (faults, by the first segment of the
-- path), `fault_bodies.py` (bodies by name) and `fault_server.py`
-- (listeners by name).

local cjson = require "cjson"
local system = require "system"

local M = {}

local HERE = debug.getinfo(1, "S").source:match("^@(.*[/\\])") or "./"
-- busted forgets modules between files; the registry does not.
local SHARED = "truto.spec.server"
local POLL = 0.005

---@class truto.spec.Server
---@field http string URL of the listener "http"
---@field https string URL of the listener "https"
---@field urls table<string, string> URL of each listener
---@field ports table<string, integer> port of each listener
---@field ca_file string PEM file of the authority of the good certificates
---@field files table<string, string> PEM files: ca, other_ca, client,
---  renewed_client, key;
---  key_pkcs8, key_traditional, client_and_key (of the certificate and
---  key_pkcs8) have the pass phrase "canary-pass-phrase"
---@field pid integer process of the server
local Server = {}
Server.__index = Server

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function read_all(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local text = file:read("*a")
  file:close()
  return text
end

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

-- JSON has characters where the log means bytes: U+0000 to U+00FF.
local function to_bytes(text)
  return (text:gsub("([\194\195])([\128-\191])", function(lead, follow)
    return string.char((lead:byte() - 194) * 64 + follow:byte())
  end))
end

-- cjson makes floats of all numbers; where Lua has integers, whole ones
-- print as people expect only as such.
local function to_integer(number)
  return math.tointeger and math.tointeger(number) or number
end

local CONVERT = { string = to_bytes, number = to_integer }

local function convert(value)
  if type(value) ~= "table" then
    local one = CONVERT[type(value)]
    return one and one(value) or value
  end
  local copy = {}
  for key, member in pairs(value) do
    copy[convert(key)] = convert(member)
  end
  return copy
end

-- The first header of that name; `name` in lower case.
local function header(entry, name)
  for _, pair in ipairs(entry.headers) do
    if pair[1]:lower() == name then return pair[2] end
  end
end

---@class truto.spec.Entry
---@field n? integer number of the request; nil in events
---@field event? string nil in requests
---@field at number seconds of a monotonic clock
---@field connection integer number of the connection
---@field listener string name of the listener
---@field tls? string version, such as "TLSv1.3"; nil in the clear
---@field method string
---@field path string raw bytes, the fault's segment included
---@field headers string[][] list of {name, value} as sent
---@field header fun(entry: truto.spec.Entry, name: string): string?
---@field body string raw bytes

local function decode(json, line)
  local entry = convert(json.decode(line))
  entry.header = header
  return entry
end

--- Starts a server of one's own; specs that need no such use `shared`.
-- It ends with `stop`, and with this process, however that ends.
---@return truto.spec.Server
function M.start()
  local folder = output_of(
    'mktemp -d "${TMPDIR:-/tmp}/truto-spec.XXXXXX"')
  local ready, messages = folder .. "/ready", folder .. "/stderr"
  assert(output_of("mkfifo " .. quote(ready) .. " 2>&1") == "")
  -- The shell opens the FIFO, so that its end comes even without Python.
  local input = assert(io.popen((
    'exec "${PYTHON:-python3}" -B %s %s 3>%s 2>%s'):format(
    quote(HERE .. "fault_server.py"), quote(folder), quote(ready),
    quote(messages)), "w"))
  local line = read_all(ready)
  if line == "" then
    local reason = read_all(messages)
    input:close()
    os.execute("rm -rf " .. quote(folder))
    error("the fault server did not start: " .. reason, 2)
  end
  local json = cjson.new()
  local facts = convert(json.decode(line))
  return setmetatable({
    json = json, input = input, folder = folder, entries = {}, rest = "",
    log_file = assert(io.open(facts.log, "rb")), position = 0,
    pid = facts.pid, urls = facts.urls, ports = facts.ports,
    http = facts.urls.http, https = facts.urls.https,
    files = facts.files, ca_file = facts.files.ca,
  }, Server)
end

--- The one server of this process, started when first asked for.
-- A spec calls `reset` before it looks at the log.
---@return truto.spec.Server
function M.shared()
  local registry = debug.getregistry()
  if not registry[SHARED] then registry[SHARED] = M.start() end
  return registry[SHARED]
end

--- The base URL of a listener with a fault.
---@param listener string such as "https" or "expired"
---@param fault? string such as "status=503,retry-after=1", default "ok"
---@return string
function Server:url(listener, fault)
  local url = self.urls[listener]
  if not url then error("no listener is called " .. listener, 2) end
  fault = fault or "ok"
  if fault:find "^fail%-then%-ok" then
    self.runs = (self.runs or 0) + 1
    fault = fault .. ",x-run=" .. self.runs -- counted by path, so a fresh one
  end
  return url .. "/" .. fault
end

-- Decodes the lines that came since the last look.
function Server:read_log()
  self.log_file:seek("set", self.position)
  local new = self.log_file:read("*a") or ""
  self.position = self.position + #new
  local text, last = self.rest .. new, 0
  for line, stop in text:gmatch("([^\n]*)\n()") do
    self.entries[#self.entries + 1] = decode(self.json, line)
    last = stop - 1
  end
  self.rest = text:sub(last + 1)
end

--- Everything logged since the start or the last `reset`.
---@return truto.spec.Entry[]
function Server:events()
  self:read_log()
  return self.entries
end

--- The requests that the server read, in their order.
---@return truto.spec.Entry[]
function Server:log()
  local requests = {}
  for _, entry in ipairs(self:events()) do
    if not entry.event then requests[#requests + 1] = entry end
  end
  return requests
end

--- Forgets what was logged so far.
function Server:reset()
  self:read_log()
  self.entries = {}
end

local function summary(entries)
  local names = {}
  for _, entry in ipairs(entries) do
    names[#names + 1] = (entry.event or "request") .. "@"
      .. tostring(entry.listener)
  end
  return table.concat(names, ", ")
end

--- Waits until the log has an entry that fits.
-- Raises if there is none in time.
---@param wanted string|fun(entry: truto.spec.Entry): any name of an event,
---  "request", or a predicate
---@param seconds? number how long to wait at most, default 10
---@return truto.spec.Entry
function Server:wait_for(wanted, seconds)
  local fits = wanted
  if type(wanted) == "string" then
    fits = function(entry) return (entry.event or "request") == wanted end
  end
  local limit = system.monotime() + (seconds or 10)
  local next_entry = 1
  while true do
    local entries = self:events()
    for index = next_entry, #entries do
      if fits(entries[index]) then return entries[index] end
    end
    next_entry = #entries + 1
    if system.monotime() > limit then
      error("no such entry in the log: " .. summary(entries), 2)
    end
    system.sleep(POLL)
  end
end

--- Gives a command and waits until it took effect.
---@param line string "certificate LISTENER NAME": new connections get that
---  certificate; "stop-accept LISTENER": it refuses from now on; "turn
---  turning LISTENER": new connections meet what that listener does
function Server:command(line)
  local before = {}
  for _, entry in ipairs(self:events()) do before[entry] = true end
  assert(self.input:write(line, "\n"))
  assert(self.input:flush())
  self:wait_for(function(entry)
    return entry.command == line and not before[entry]
  end)
end

--- Ends the server and waits for its end. May be called twice.
function Server:stop()
  if not self.input then return end
  local input = self.input
  -- One that a spec has stopped would never see the end of its input.
  os.execute("kill -CONT " .. self.pid .. " 2>/dev/null")
  self.input = nil
  self.log_file:close()
  input:close()
  -- A server that was killed could not do it.
  os.execute("rm -rf " .. quote(self.folder))
end

return M
