--- The sandbox's own program: a local Truto on a free port of the loopback
--- interface. `truto.sandbox` starts it under an interpreter that has the
--- `http` rock, writes its settings to its standard input and keeps that open;
--- when it closes, by whatever end of the starter, the program ends.

local certificate = require "truto.sandbox.certificate"
local cjson = require "cjson"
local cqueues = require "cqueues"
local folder = require "truto.sandbox.folder"
local handler = require "truto.sandbox.handler"
local http_server = require "http.server"
local http_tls = require "http.tls"
local random = require "openssl.rand"
local signal = require "cqueues.signal"
local ssl_context = require "openssl.ssl.context"
local store = require "truto.sandbox.store"

local M = {}

-- A kept connection without a request is closed after so many seconds.
local IDLE = 60

-- How often to look whether the starter lives, in seconds.
local WATCH = 1

--- Settings as `name=value` lines up to an empty one.
local function read_settings()
  local settings = {}
  for line in io.stdin:lines() do
    if line == "" then break end
    local name, value = line:match("^(%w+)=(.*)$")
    settings[name] = value
  end
  return settings
end

local function random_token()
  return "sandbox_" .. random.bytes(16):gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end)
end

--- HTTP/2 for who offers it, HTTP/1.1 for all others.
local function select_protocol(_, offered)
  for _, wanted in ipairs { "h2", "http/1.1" } do
    for _, protocol in ipairs(offered) do
      if protocol == wanted then return protocol end
    end
  end
  return nil
end

--- The TLS context (1.2 and later), and the authority as PEM.
local function new_context()
  local authority, server_certificate, key = certificate.create()
  local context = http_tls.new_server_context()
  context:setOptions(ssl_context.OP_NO_TLSv1 + ssl_context.OP_NO_TLSv1_1)
  context:setAlpnSelect(select_protocol)
  context:setPrivateKey(key)
  context:setCertificate(server_certificate)
  return context, authority:toPEM()
end

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  assert(file:write(text))
  assert(file:close())
end

--- Seconds since the epoch, with a fraction, never stepping back.
local function new_clock()
  local offset = os.time() - cqueues.monotime()
  return function() return cqueues.monotime() + offset end
end

local function listen(queue, settings, context)
  local server = assert(http_server.listen {
    cq = queue,
    host = "127.0.0.1",
    port = tonumber(settings.port),
    reuseaddr = true,
    tls = true,
    ctx = context,
    intra_stream_timeout = IDLE,
    onerror = function() end, -- clients that go away are none of our errors
    onstream = handler.new {
      store = store.new(new_clock(), cjson.null),
      token = settings.token,
      limit = tonumber(settings.limit),
      window = tonumber(settings.window),
    },
  })
  assert(server:listen())
  return server
end

--- The id of the process that started this one; nil without Linux's /proc.
local function parent_id()
  local file = io.open("/proc/self/stat")
  if not file then return nil end
  local text = file:read("*l") or ""
  file:close()
  return text:match("%) %a (%d+)")
end

--- Ends the program when the starter closes or writes to standard input, on
--- SIGTERM, and when the starter is gone although one of its other children
--- keeps the input open. Signals of the terminal are the starter's affair.
local function watch(queue, finish)
  signal.ignore(signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE)
  signal.block(signal.SIGTERM)
  queue:wrap(function()
    signal.listen(signal.SIGTERM):wait()
    finish()
  end)
  queue:wrap(function()
    cqueues.poll { pollfd = 0, events = "r" }
    finish()
  end)
  local parent = parent_id()
  queue:wrap(function()
    while parent_id() == parent do cqueues.sleep(WATCH) end
    finish()
  end)
end

--- Runs the server; does not return.
---@param own_folder string made by the starter, which waits for the line
---  `ready <port> <token>` on standard output
function M.main(own_folder)
  local settings = read_settings()
  settings.token = settings.token or random_token()
  local queue = cqueues.new()
  watch(queue, function()
    folder.remove(own_folder)
    os.exit(0)
  end)
  local context, authority = new_context()
  local server = listen(queue, settings, context)
  local _, _, port = server:localname()
  write_file(folder.authority_file(own_folder), authority)
  io.stdout:write(("ready %d %s\n"):format(port, settings.token))
  io.stdout:flush()
  local _, message = queue:loop()
  folder.remove(own_folder)
  error(message)
end

return M
