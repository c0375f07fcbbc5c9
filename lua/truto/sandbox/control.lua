--- What whoever started the sandbox can ask of it while it runs.
---
--- A question is a line of JSON on a FIFO, `{"command": name, "argument":
--- value}`; its answer a line `reply JSON` on standard output. The starter asks
--- one at a time.

local cjson = require "cjson"
local shown = require "truto.sandbox.shown"

local M = {}

local json = cjson.new()

local COMMANDS = {}

function COMMANDS.fault(handler, fault) handler.rules:add(fault) end

function COMMANDS.clear_faults(handler) handler.rules:clear() end

function COMMANDS.requests(handler) return handler.journal:shown() end

function COMMANDS.datastores(handler)
  local list = {}
  for i, record in ipairs(handler.store.records) do
    list[i] = shown.members(record.type, {
      id = record.id,
      type = record.type,
      label = record.label,
      config = record.config,
      config_secret = record.config_secret,
      environment_id = record.environment_id,
      created_at = record.created_at,
      updated_at = record.updated_at,
    })
  end
  return list
end

function COMMANDS.reset(handler)
  handler.rules:clear()
  handler.journal:clear()
  handler.window:reset()
  handler.store:reset()
end

-- lua-cjson writes an empty list as `{}`, which reads as the same table.
local function answer(handler, line)
  local question = json.decode(line)
  local value = COMMANDS[question.command](handler, question.argument)
  return "reply " .. json.encode { value = value } .. "\n"
end

--- Answers one question.
---@param handler truto.sandbox.Handler
---@param line string
---@param output file*
function M.serve(handler, line, output)
  local ok, text = pcall(answer, handler, line)
  if not ok then
    text = "reply " .. json.encode { failure = tostring(text) } .. "\n"
  end
  output:write(text)
  output:flush()
end

return M
