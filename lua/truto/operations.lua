--- The operations of the API as data: what each call of `truto.datastore`
--- means. The routes that they go over stand in csrc/routes.c; all machinery is
--- shared (datastore.lua).

local changes = require "truto.config.changes"
local filters = require "truto.filters"
local page = require "truto.page"
local read_back = require "truto.read_back"

---@class truto.operations.Argument
---@field name string for messages
---@field type string what `type` must say
---@field optional? boolean

---@class truto.operations.Check
---@field issues truto.Issue[] if there is one, nothing is sent
---@field warnings truto.Issue[]
---@field values any[] the arguments as the route takes them

---@class truto.operations.Row
---@field arguments truto.operations.Argument[] in order; options stand last
---@field options? string[] names, beside those that every call takes
---@field check? fun(values: any[], options: truto.config.CheckOptions):
---  truto.operations.Check
---@field refuse? fun(answer: table): table? an error of kind `"response"` if
---  the answer is not what the API promises
---@field complete? fun(answer: table, values: any[]): table
---@field settle? fun(call: truto.attempts.Call, values: any[], given: table):
---  truto.attempts.Settle? asked after each attempt that failed
---@field reserve? fun(given: table, deadline: number): number seconds of the
---  deadline that attempts leave to `settle`

local ID = { name = "id", type = "string" }

local NOT_FOUND = 404

local function with_id(answer, values)
  if answer.id == nil then answer.id = values[1] end
  return answer
end

-- A datastore that is gone is what the caller wanted, if an attempt before may
-- have done it.
local function already_deleted(call, values)
  return function(err, before)
    if err.status ~= NOT_FOUND or before ~= "unknown" then return nil end
    call.warnings[#call.warnings + 1] = {
      path = "id",
      code = "already_deleted",
      message = "there was no such datastore any more; an attempt before, "
        .. "whose answer was lost, may have deleted it",
    }
    return { id = values[1] }
  end
end

---@type table<truto.Operation, truto.operations.Row>
return {
  get = { arguments = { ID } },

  list = {
    arguments = { { name = "filters", type = "table", optional = true } },
    check = filters.check,
    refuse = page.refuse,
  },

  create = {
    arguments = { { name = "fields", type = "table" } },
    options = { "validate" },
    check = function(values, options)
      local issues, warnings = changes.check_creation(values[1], options)
      return { issues = issues, warnings = warnings, values = values }
    end,
  },

  update = {
    arguments = { ID, { name = "changes", type = "table" } },
    options = { "validate", "type", "partial", "read_back" },
    check = function(values, options)
      local issues, warnings = changes.check(values[2], options)
      return { issues = issues, warnings = warnings, values = values }
    end,
    settle = read_back.settle,
    reserve = read_back.reserve,
  },

  delete = {
    arguments = { ID },
    complete = with_id,
    settle = already_deleted,
  },

  test = {
    arguments = {
      ID,
      { name = "method", type = "string" },
      { name = "body", type = "table", optional = true },
    },
  },
}
