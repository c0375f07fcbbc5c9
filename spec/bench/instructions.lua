--- Instructions of one update, as callgrind counts them: two runs of unlike
--- length, subtracted, so that the start of the program falls out. The same
--- on a loaded machine; unlike from machine to machine, since libraries choose
--- their code by the processor.

local ways = require "bench.ways"

local M = {}

local FEW, MANY = 200, 600

---@return boolean
function M.can_count()
  local status = os.execute "valgrind --version >/dev/null 2>&1"
  return status == true or status == 0
end

local function total(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read "*a"
  pipe:close()
  local count = output:match "Collected : (%d+)"
  return tonumber(count) or error(command .. "\n" .. output, 0)
end

local function under_callgrind(command, arguments)
  local settings, program = command:match "^([%u_]+=.- )(%l.*)$"
  return ("%svalgrind --tool=callgrind --callgrind-out-file=/dev/null %s %s"
    .. " 2>&1"):format(settings or "", program or command, arguments)
end

--- Of one update, connections and start left out.
---@param way {command: string}
---@param row string
---@param service table
---@param in_flight? integer
---@return number instructions
function M.count(way, row, service, in_flight)
  local function run(count)
    return total(under_callgrind(way.command,
      ways.arguments(row, count, service, in_flight)))
  end
  return (run(MANY) - run(FEW)) / (MANY - FEW)
end

return M
