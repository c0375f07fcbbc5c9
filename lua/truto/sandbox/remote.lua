--- How the starter asks its sandbox while it runs: a line on one FIFO, an
--- answer on the other (`truto.sandbox.control`).

local errors = require "truto.errors"
local folder = require "truto.sandbox.folder"

local M = {}

local function json() return require "cjson".new() end

--- A value as one line of JSON.
---@param value any
---@return string line
function M.encode(value) return json().encode(value) end

local function failure(message)
  return nil, errors.new {
    kind = "setup",
    code = "sandbox_ended",
    message = message,
  }
end

local function ended() return failure "the sandbox has ended" end

-- Opened for reading too: there is then always a reader, so that to ask a
-- sandbox that is gone does not end this process by SIGPIPE.
local function ask(questions, line)
  local file = io.open(questions, "r+")
  if not file then return nil end
  local written = file:write(line, "\n") and file:flush()
  return written and file or nil
end

local to_integer = math.tointeger or function() return nil end

-- lua-cjson reads numbers as floats, which print as 200.0 on Lua 5.3 and 5.4.
local function with_integers(value)
  if type(value) == "number" then return to_integer(value) or value end
  if type(value) ~= "table" then return value end
  for key, inner in pairs(value) do value[key] = with_integers(inner) end
  return value
end

local function answer_on(answers)
  for line in answers:lines() do
    local text = line:match "^reply (.*)$"
    if text then return with_integers(json().decode(text)) end
  end
  return nil
end

---@class truto.sandbox.Connection
---@field ask fun(command: string, argument?: any): any, truto.Error?
---@field close fun()

--- Connects to a sandbox that is ready.
---@param own_folder string
---@param answers file* what the sandbox writes; closed with the connection
---@return truto.sandbox.Connection
function M.connect(own_folder, answers)
  local open = true
  local connection = {}

  function connection.ask(command, argument)
    if not open then return ended() end
    local file = ask(folder.questions_file(own_folder),
      M.encode { command = command, argument = argument })
    local answer = file and answer_on(answers)
    if file then file:close() end
    if not answer then return ended() end
    if answer.failure then return failure(answer.failure) end
    return answer.value == nil and true or answer.value
  end

  function connection.close()
    if open then answers:close() end
    open = false
  end

  return connection
end

return M
