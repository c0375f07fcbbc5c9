-- The same by hand with LuaSocket, LuaSec and lua-cjson, on a connection that
-- is kept: what a Lua programmer would write without truto.
local cjson = require "cjson"
local measured = require "bench.measured"
local socket = require "socket"
local ssl = require "ssl"

local given = measured.arguments()
local row = given.row
local host, port = given.base_url:match "^https://([^:/]+):(%d+)"

local function connect()
  local plain = assert(socket.tcp())
  assert(plain:connect(host, tonumber(port)))
  plain:setoption("tcp-nodelay", true)
  local connection = assert(ssl.wrap(plain, {
    mode = "client", protocol = "any", options = { "all", "no_sslv3" },
    verify = "peer", cafile = given.ca_file,
  }))
  assert(connection:dohandshake())
  return connection
end

local connection = connect()

local function read_chunks()
  local chunks = {}
  while true do
    local size = tonumber((assert(connection:receive "*l")), 16)
    local chunk = assert(connection:receive(size + 2))
    if size == 0 then return table.concat(chunks) end
    chunks[#chunks + 1] = chunk:sub(1, size)
  end
end

local function read_answer()
  local status = tonumber((assert(connection:receive "*l")):match " (%d+)")
  local headers = {}
  for line in function() return assert(connection:receive "*l") end do
    if line == "" then break end
    local name, value = line:match "^([^:]+):%s*(.-)%s*$"
    headers[name:lower()] = value
  end
  local length = tonumber(headers["content-length"])
  local body = length and assert(connection:receive(length)) or read_chunks()
  return status, cjson.decode(body)
end

measured.run(given.count, function(number)
  local body = cjson.encode(row.changes(row.secret, number))
  assert(connection:send(table.concat({
    "PATCH /datastore/" .. row.id .. " HTTP/1.1",
    "Host: " .. host .. ":" .. port,
    "User-Agent: " .. given.user_agent,
    "Authorization: Bearer " .. given.token,
    "Content-Type: application/json",
    "Accept: application/json",
    "Content-Length: " .. #body,
    "", body,
  }, "\r\n")))
  local status, datastore = read_answer()
  assert(status == 200 and datastore.id)
end)
