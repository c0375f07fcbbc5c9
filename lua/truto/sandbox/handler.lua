--- One HTTP exchange of the sandbox: read the request, note it, check its
--- token, count it, let faults strike, serve it, answer.

local cqueues = require "cqueues"
local faults = require "truto.sandbox.faults"
local new_headers = require "http.headers".new
local query = require "truto.sandbox.query"
local routes = require "truto.sandbox.routes"

local M = {}

---@class truto.sandbox.Handler
---@field store table of `truto.sandbox.store`
---@field token string the only one that is taken
---@field window table of `truto.sandbox.rate_limit`
---@field has_ratelimit_headers boolean
---@field rules truto.sandbox.Rules
---@field journal table of `truto.sandbox.journal`
---@field strikes fun(fault: table, key: string): boolean

local MAX_BODY = 16 * 1024 * 1024

-- A client that is silent for so many seconds in mid-request is given up.
local PATIENCE = 30

--- Reads the body to its end, keeping no more than MAX_BODY bytes of it.
---@return string? body nil when it is longer, or when the client went away
---@return integer? size nil when the client went away
local function read_body(stream, headers)
  if headers:get("expect") == "100-continue" then
    stream:write_continue(PATIENCE)
  end
  local chunks, size = {}, 0
  while true do
    local chunk, message = stream:get_next_chunk(PATIENCE)
    if not chunk then
      if message then return nil, nil end
      break
    end
    size = size + #chunk
    if size <= MAX_BODY then chunks[#chunks + 1] = chunk end
  end
  return size <= MAX_BODY and table.concat(chunks) or nil, size
end

--- Ends the headers of an HTTP/1 answer without sending them yet.
local function buffer_headers(connection, timeout)
  return connection.socket:xwrite("\r\n", "f", timeout)
end

--- Sends headers and body, over HTTP/1 in one piece: lua-http would send the
--- headers by themselves, which costs both sides a TLS record.
local function send(stream, headers, body)
  local connection = stream.connection
  if connection.version < 2 then
    connection.write_headers_done = buffer_headers
  end
  local ok = stream:write_headers(headers, false, PATIENCE)
  connection.write_headers_done = nil
  if ok then stream:write_chunk(body, true, PATIENCE) end
end

--- Adds a header that HTTP/2 never puts into its table: lua-http 0.4 encodes
--- the table's 63rd index wrongly, which ends the connection.
local function add(headers, name, value)
  headers:append(name, value, true)
end

-- Truto documents them for the limits of third parties only.
local function add_ratelimit(headers, window)
  local remaining, reset = window:state()
  add(headers, "ratelimit-limit", ("%d"):format(window.limit))
  add(headers, "ratelimit-remaining", ("%d"):format(remaining))
  add(headers, "ratelimit-reset", ("%d"):format(reset))
end

local function write_answer(handler, stream, method, answer)
  local headers = new_headers()
  add(headers, ":status", ("%d"):format(answer.status))
  add(headers, "content-type", "application/json")
  add(headers, "content-length", ("%d"):format(#answer.body))
  if handler.has_ratelimit_headers then
    add_ratelimit(headers, handler.window)
  end
  if answer.allow then add(headers, "allow", answer.allow) end
  if answer.retry_after then add(headers, "retry-after", answer.retry_after) end
  if answer.status == 401 then add(headers, "www-authenticate", "Bearer") end
  if method == "HEAD" or answer.status == 304 then
    stream:write_headers(headers, true, PATIENCE)
  else
    send(stream, headers, answer.body)
  end
end

local function refuse(status, message)
  return routes.refusal { status = status, message = message }
end

local function has_token(handler, headers)
  local scheme, token = (headers:get("authorization") or "")
    :match("^(%a+) +(%S+)$")
  return scheme and scheme:lower() == "bearer" and token == handler.token
end

local function serve(handler, request)
  local ok, answer = pcall(routes.serve, handler.store, request)
  if ok then return answer end
  return refuse(500, "The sandbox has a bug: " .. tostring(answer))
end

--- The fault that strikes a request: its own header's comes first.
---@return truto.sandbox.Fault? fault
---@return truto.sandbox.Answer? answer why the header is refused
local function find_fault(handler, request)
  local text = request.headers:get("truto-sandbox-fault")
  if not text then
    local path = request.path:match("^[^?]*")
    return handler.rules:strike(request.method, query.decode(path) or path)
  end
  local fault, message = faults.parse(text)
  if not fault then
    return nil, refuse(400, "truto-sandbox-fault " .. message)
  end
  local key = request.method .. " " .. request.path .. " " .. text
  return handler.strikes(fault, key) and fault or nil
end

---@return truto.sandbox.Answer? answer nil when the connection is to be dropped
local function serve_with_fault(handler, request, fault)
  if fault.latency then cqueues.sleep(fault.latency) end
  if fault.drop == "before" then return nil end
  local answer
  if fault.status then
    answer = refuse(fault.status, "The sandbox was asked for this fault")
    answer.retry_after = fault.retry_after
  else
    answer = serve(handler, request)
  end
  if fault.drop == "after" then return nil end
  return answer
end

local function over_limit(handler)
  local answer = refuse(429, "Too many requests")
  answer.retry_after = ("%d"):format(math.ceil(handler.window.length))
  return answer
end

--- The answer to a request; nil when the connection is to be dropped.
local function decide(handler, request, entry)
  if not has_token(handler, request.headers) then
    return refuse(401, "The token is missing or not this sandbox's")
  elseif not handler.window:take() then
    return over_limit(handler)
  elseif not request.body then
    return refuse(413, "The body is longer than 16 MiB")
  end
  local fault, refusal = find_fault(handler, request)
  if refusal then return refusal end
  if not fault then return serve(handler, request) end
  entry.fault = true
  return serve_with_fault(handler, request, fault)
end

local function new_request(headers, body, size)
  return {
    method = headers:get(":method"),
    path = headers:get(":path") or "*",
    headers = headers,
    body = body,
    body_bytes = size,
    content_type = headers:get("content-type"),
  }
end

--- Notes a request with the type of the datastore that it is about, which may
--- be gone later.
local function note(handler, request)
  local record = handler.store.by_id[routes.id_of(request.path)]
  return handler.journal:add(request, record and record.type)
end

--- What the server calls for each request.
---@param handler truto.sandbox.Handler without `strikes`
---@return fun(server: table, stream: table)
function M.new(handler)
  handler.strikes = faults.counter()
  return function(_, stream)
    local headers = stream:get_headers(PATIENCE)
    if not headers then return end
    local body, size = read_body(stream, headers)
    if not size then return end
    local request = new_request(headers, body, size)
    local entry = note(handler, request)
    local answer = decide(handler, request, entry)
    if answer then
      entry.status = answer.status
      write_answer(handler, stream, request.method, answer)
    else
      stream.connection.socket:shutdown("rw")
    end
  end
end

return M
