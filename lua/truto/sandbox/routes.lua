--- The six routes (CONTRACT.md, "Routes"): from method, path and body to a
--- status and the text of an answer.

local cjson = require "cjson"
local query = require "truto.sandbox.query"
local reason_phrases = require "http.h1_reason_phrases"
local store_module = require "truto.sandbox.store"

local M = {}

local MAX_DEPTH = 64

local json = cjson.new()
json.decode_max_depth(MAX_DEPTH)
json.decode_invalid_numbers(false)
json.encode_invalid_numbers(false)

---@class truto.sandbox.Request
---@field method string
---@field path string as sent, still encoded
---@field body string
---@field content_type? string

---@class truto.sandbox.Answer
---@field status integer
---@field body string JSON
---@field allow? string for 405

--- An answer in the error envelope.
---@param refusal truto.sandbox.Refusal
---@return truto.sandbox.Answer
function M.refusal(refusal)
  local details
  if refusal.failures then details = { failures = refusal.failures } end
  return {
    status = refusal.status,
    allow = refusal.allow,
    body = json.encode {
      statusCode = refusal.status,
      error = reason_phrases[tostring(refusal.status)],
      message = refusal.message,
      details = details,
    },
  }
end

local function refuse(status, message)
  return M.refusal { status = status, message = message }
end

local function public_answer(record, refusal)
  if not record then return M.refusal(refusal) end
  return { status = 200, body = json.encode(store_module.public(record)) }
end

local function value_answer(value, refusal)
  if not value then return M.refusal(refusal) end
  return { status = 200, body = json.encode(value) }
end

--- The body as an object; otherwise nil and the answer that refuses it.
local function decode_object(request)
  local ok, value = pcall(json.decode, request.body)
  if not ok then
    return nil, refuse(400, "The body is not JSON, or nested deeper than "
      .. MAX_DEPTH)
  end
  if type(value) ~= "table" or not request.body:find("^%s*{") then
    return nil, refuse(400, "The body must be a JSON object")
  end
  return value
end

--- The same, sent with its media type.
local function read_object(request)
  local content_type = (request.content_type or ""):match("^[^;%s]*"):lower()
  if content_type ~= "application/json" then
    return nil, refuse(415, "Content-Type must be application/json")
  end
  return decode_object(request)
end

--- A page is put together by hand: lua-cjson writes an empty list as `{}`.
local function list(store, _, request)
  local wanted, refusal = query.parse(request.path:match("?(.*)$") or "")
  if not wanted then return M.refusal(refusal) end
  local page = store:list(wanted)
  local items = {}
  for i, record in ipairs(page.records) do
    items[i] = json.encode(store_module.public(record))
  end
  return {
    status = 200,
    body = ('{"result":[%s],"next_cursor":%s,"limit":%d}'):format(
      table.concat(items, ","), json.encode(page.next_cursor or cjson.null),
      page.limit),
  }
end

local function create(store, _, request)
  local body, answer = read_object(request)
  if not body then return answer end
  return public_answer(store:create(body))
end

local function get(store, segments)
  return public_answer(store:get(segments[2]))
end

local function update(store, segments, request)
  local body, answer = read_object(request)
  if not body then return answer end
  return public_answer(store:update(segments[2], body))
end

local function delete(store, segments)
  local id, refusal = store:delete(segments[2])
  return value_answer(id and { id = id }, refusal)
end

-- What the body of a test is, nobody describes: an SDK sends it as text.
local function test(store, segments, request)
  if request.body ~= "" then
    local body, answer = decode_object(request)
    if not body then return answer end
  end
  return value_answer(store:test(segments[2], segments[4]))
end

--- `true` stands for any segment that is not empty.
local ROUTES = {
  {
    segments = { "datastore" },
    methods = { GET = list, POST = create },
    allow = "GET, POST",
  },
  {
    segments = { "datastore", true },
    methods = { GET = get, PATCH = update, DELETE = delete },
    allow = "GET, PATCH, DELETE",
  },
  {
    segments = { "datastore", true, "test", true },
    methods = { POST = test },
    allow = "POST",
  },
}

--- The decoded segments of a path; nil where one is broken. An encoded slash
--- is part of its segment.
local function split(path)
  local segments = {}
  local text = path:match("^/?([^?]*)")
  for segment in (text .. "/"):gmatch("([^/]*)/") do
    local decoded = query.decode(segment)
    if not decoded then return nil end
    segments[#segments + 1] = decoded
  end
  return segments
end

--- The id of the datastore that a path is about.
---@param path string as sent
---@return string id empty if it is about none
function M.id_of(path)
  local segments = split(path)
  return segments and segments[1] == "datastore" and segments[2] or ""
end

local function fits(route, segments)
  if #route.segments ~= #segments then return false end
  for i, wanted in ipairs(route.segments) do
    local segment = segments[i]
    if segment == "" or wanted ~= true and wanted ~= segment then
      return false
    end
  end
  return true
end

--- Serves a request whose token was right.
---@param store table of `truto.sandbox.store`
---@param request truto.sandbox.Request
---@return truto.sandbox.Answer
function M.serve(store, request)
  local segments = split(request.path)
  if not segments then return refuse(400, "The path is not well encoded") end
  for _, route in ipairs(ROUTES) do
    if fits(route, segments) then
      local serve = route.methods[request.method]
      if serve then return serve(store, segments, request) end
      return M.refusal {
        status = 405,
        message = "This path takes " .. route.allow,
        allow = route.allow,
      }
    end
  end
  return refuse(404, "There is no such route")
end

return M
