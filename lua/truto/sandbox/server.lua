--- The sandbox's own program: a local Truto on a free port of the loopback
--- interface. `truto.sandbox` starts it under an interpreter that has the
--- `http` rock, writes its settings to its standard input and keeps that open;
--- when it closes, by whatever end of the starter, the program ends.

local certificate = require "truto.sandbox.certificate"
local cjson = require "cjson"
local control = require "truto.sandbox.control"
local cqueues = require "cqueues"
local faults = require "truto.sandbox.faults"
local folder = require "truto.sandbox.folder"
local handler = require "truto.sandbox.handler"
local http_server = require "http.server"
local http_tls = require "http.tls"
local journal = require "truto.sandbox.journal"
local random = require "openssl.rand"
local rate_limit = require "truto.sandbox.rate_limit"
local signal = require "cqueues.signal"
local ssl_context = require "openssl.ssl.context"
local store = require "truto.sandbox.store"

local M = {}

-- A kept connection without a request is closed after so many seconds.
local IDLE = 60

-- How often to look whether the starter lives, in seconds.
local WATCH = 1

--- Where the starter asks; opened by the shell that started this program.
local QUESTIONS = 3

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

--- The state of the sandbox, with what it was told at the start.
local function new_handler(settings)
  local clock = new_clock()
  local kept, refusal = store.new {
    clock = clock,
    random = random.bytes,
    null = cjson.null,
    datastores = settings.datastores,
  }
  if not kept then error(refusal.message, 0) end
  return {
    store = kept,
    token = settings.token or random_token(),
    window = rate_limit.new(settings.limit, settings.window, cqueues.monotime),
    has_ratelimit_headers = settings.ratelimit_headers,
    rules = faults.new_rules(),
    journal = journal.new(clock),
  }
end

local function listen(queue, port, onstream, context)
  local server = assert(http_server.listen {
    cq = queue,
    host = "127.0.0.1",
    port = port,
    reuseaddr = true,
    tls = true,
    ctx = context,
    intra_stream_timeout = IDLE,
    onerror = function() end, -- clients that go away are none of our errors
    onstream = onstream,
  })
  local ok, message = server:listen()
  if not ok then
    error(("port %d of 127.0.0.1: %s"):format(port, tostring(message)), 0)
  end
  return server
end

--- Answers questions, each as it comes. Read byte by byte, since what a buffer
--- held would not wake anybody.
local function answer_questions(queue, handler_state, own_folder)
  local file = assert(io.open(folder.questions_file(own_folder)))
  file:setvbuf("no")
  queue:wrap(function()
    while true do
      cqueues.poll { pollfd = QUESTIONS, events = "r" }
      local line = file:read("*l")
      if line then control.serve(handler_state, line, io.stdout) end
    end
  end)
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
  local settings = cjson.decode((io.stdin:read("*l")))
  local queue = cqueues.new()
  watch(queue, function()
    folder.remove(own_folder)
    os.exit(0)
  end)
  local context, authority = new_context()
  local state = new_handler(settings)
  local server = listen(queue, settings.port, handler.new(state), context)
  local _, _, port = server:localname()
  write_file(folder.authority_file(own_folder), authority)
  write_file(folder.token_file(own_folder), state.token .. "\n")
  answer_questions(queue, state, own_folder)
  io.stdout:write(("ready %d %s\n"):format(port, state.token))
  io.stdout:flush()
  local _, message = queue:loop()
  folder.remove(own_folder)
  error(message)
end

return M
