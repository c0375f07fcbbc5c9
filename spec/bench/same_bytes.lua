--- Holds that plain C and truto send the same bytes: what is compared would be
--- unlike work else.

local socket = require "cqueues.socket"

local ways = require "bench.ways"

local M = {}

local ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"id":"ds"}'

-- The one request that a command sends to a server of plain http.
local function record(listener, port, row, command)
  local arguments = ways.arguments(row, 0, {
    base_url = "http://127.0.0.1:" .. port, token = "a-token",
    ca_file = "bundle",
  })
  local pipe = assert(io.popen(command .. " " .. arguments .. " 2>&1"))
  local connection = assert(listener:accept(10))
  connection:setmode("bn", "bn")
  local request, length = {}, 0
  for line in connection:lines "*L" do
    request[#request + 1] = line
    length = tonumber(line:match "^Content%-Length: (%d+)") or length
    if line == "\r\n" then break end
  end
  request[#request + 1] = assert(connection:read(length))
  assert(connection:write(ANSWER))
  connection:close()
  pipe:read "*a"
  pipe:close()
  return table.concat(request)
end

--- Raises where they differ.
---@param row string a name in rows.json
function M.check(row)
  local listener = assert(socket.listen("127.0.0.1", 0))
  local _, _, port = listener:localname()
  local wanted
  for _, way in ipairs(ways.ONE) do
    local request = record(listener, port, row, way.command)
    wanted = wanted or request
    if request ~= wanted then
      error(("%s sends for %s:\n%s\nplain C:\n%s"):format(way.name, row,
        request, wanted), 0)
    end
  end
  listener:close()
end

return M
