-- The same with lua-http, a connection for each request as its request
-- objects make it, and lua-cjson.
local cjson = require "cjson"
local context = require "openssl.ssl.context"
local measured = require "bench.measured"
local request = require "http.request"
local store = require "openssl.x509.store"

local given = measured.arguments()
local row = given.row

local authorities = store.new()
authorities:add(given.ca_file)
local tls = context.new("TLS", false)
tls:setStore(authorities)
tls:setVerify(context.VERIFY_PEER)

measured.run(given.count, function(number)
  local sent = request.new_from_uri(given.base_url .. "/datastore/" .. row.id)
  sent.ctx = tls
  sent.version = 1.1
  sent.headers:upsert(":method", "PATCH")
  sent.headers:upsert("user-agent", given.user_agent)
  sent.headers:upsert("authorization", "Bearer " .. given.token)
  sent.headers:upsert("content-type", "application/json")
  sent.headers:upsert("accept", "application/json")
  sent:set_body(cjson.encode(row.changes(row.secret, number)))
  local headers, stream = assert(sent:go(30))
  local datastore = cjson.decode(assert(stream:get_body_as_string()))
  stream:shutdown()
  assert(headers:get ":status" == "200" and datastore.id)
end)
