--- One HTTP exchange of the sandbox: read the request, check its token, count
--- it, let faults strike, serve it, answer.

local cqueues = require "cqueues"
local faults = require "truto.sandbox.faults"
local new_headers = require "http.headers".new
local rate_limit = require "truto.sandbox.rate_limit"
local routes = require "truto.sandbox.routes"

local M = {}

local MAX_BODY = 16 * 1024 * 1024

-- A client that is silent for so many seconds in mid-request is given up.
local PATIENCE = 30

--- Reads the body to its end, keeping no more than MAX_BODY bytes of it.
---@return string? body nil when it is longer, or when the client went away
---@return boolean? gone true when the client went away
local function read_body(stream, headers)
  if headers:get("expect") == "100-continue" then
    stream:write_continue(PATIENCE)
  end
  local chunks, size = {}, 0
  while true do
    local chunk, message = stream:get_next_chunk(PATIENCE)
    if not chunk then
      if message then return nil, true end
      break
    end
    size = size + #chunk
    if size <= MAX_BODY then chunks[#chunks + 1] = chunk end
  end
  if size > MAX_BODY then return nil end
  return table.concat(chunks)
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

local function write_answer(handler, stream, method, answer)
  local headers = new_headers()
  local window = handler.window
  local remaining, reset = window:state()
  add(headers, ":status", ("%d"):format(answer.status))
  add(headers, "content-type", "application/json")
  add(headers, "content-length", ("%d"):format(#answer.body))
  add(headers, "ratelimit-limit", ("%d"):format(window.limit))
  add(headers, "ratelimit-remaining", ("%d"):format(remaining))
  add(headers, "ratelimit-reset", ("%d"):format(reset))
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

--- Serves a request that asked for a fault.
---@return truto.sandbox.Answer? answer nil when the connection is to be dropped
local function serve_with_fault(handler, request, text)
  local fault, message = faults.parse(text)
  if not fault then return refuse(400, message) end
  local key = request.method .. " " .. request.path .. " " .. text
  if not handler.strikes(fault, key) then return serve(handler, request) end
  if fault.latency then cqueues.sleep(fault.latency) end
  if fault.drop == "before" then return nil end
  local answer
  if fault.status then
    answer = refuse(fault.status, "Fault asked for by truto-sandbox-fault")
    answer.retry_after = fault["retry-after"]
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
local function decide(handler, headers, body)
  if not has_token(handler, headers) then
    return refuse(401, "The token is missing or not this sandbox's")
  elseif not handler.window:take() then
    return over_limit(handler)
  elseif not body then
    return refuse(413, "The body is longer than 16 MiB")
  end
  local request = {
    method = headers:get(":method"),
    path = headers:get(":path") or "*",
    body = body,
    content_type = headers:get("content-type"),
  }
  local fault = headers:get("truto-sandbox-fault")
  if fault then return serve_with_fault(handler, request, fault) end
  return serve(handler, request)
end

--- What the server calls for each request.
---@param settings table `store`, `token`, `limit`, `window` (seconds)
---@return fun(server: table, stream: table)
function M.new(settings)
  local handler = {
    store = settings.store,
    token = settings.token,
    window = rate_limit.new(settings.limit, settings.window,
      cqueues.monotime),
    strikes = faults.counter(),
  }
  return function(_, stream)
    local headers = stream:get_headers(PATIENCE)
    if not headers then return end
    local body, gone = read_body(stream, headers)
    if gone then return end
    local answer = decide(handler, headers, body)
    if answer then
      write_answer(handler, stream, headers:get(":method"), answer)
    else
      stream.connection.socket:shutdown("rw")
    end
  end
end

return M
