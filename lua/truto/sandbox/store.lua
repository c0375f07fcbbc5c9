--- The sandbox's datastores: what a Truto would keep, in memory, pure Lua.
---
--- Every function answers with a value, or with `nil, refusal`. Routes and
--- statuses are those of CONTRACT.md; where it says *unknown*, the sandbox
--- refuses: `null`, unknown members of a body, a type without a shape.
--- Validation failures are status 400, all of them in `failures`.

local check = require "truto.config.check"
local names = require "truto.config.names"
local shapes = require "truto.config.shapes"

local M = {}

---@class truto.sandbox.Refusal
---@field status integer HTTP status
---@field message string
---@field failures? truto.Issue[]

---@class truto.sandbox.Record
---@field id string
---@field type string
---@field label string
---@field config table with its secrets
---@field config_secret? string
---@field environment_id string
---@field created_at string
---@field updated_at string
---@field position integer grows with each record made

local Store = {}
Store.__index = Store

local ENVIRONMENT = "env_sandbox"
local DEFAULT_PAGE, LARGEST_PAGE = 100, 1000

-- The types whose connection the API can test (CONTRACT.md, "Routes").
local TESTABLE = { s3 = true, google_cloud_storage = true }

-- Shorter ids for the datastores of the start.
local SHORT = { mongo_data_api = "mongo", google_cloud_storage = "gcs" }

local FAKE_PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\n"
  .. "bm8ga2V5LCBvbmx5IHRoZSBzYW5kYm94J3M=\n-----END PRIVATE KEY-----\n"

---@class truto.sandbox.Member
---@field name string
---@field type string Lua's name of the type
---@field expected string in words
---@field required? boolean

local LABEL = { name = "label", type = "string", expected = "a string" }
local CONFIG = { name = "config", type = "table", expected = "an object" }

---@type truto.sandbox.Member[]
local UPDATE_MEMBERS = { LABEL, CONFIG,
  { name = "config_secret", type = "string", expected = "a string" } }

---@type truto.sandbox.Member[]
local CREATE_MEMBERS = {
  { name = "type", type = "string", expected = "a string", required = true },
  { name = "label", type = "string", expected = "a string", required = true },
  { name = "config", type = "table", expected = "an object", required = true },
  { name = "id", type = "string", expected = "a string" },
  { name = "environment_id", type = "string", expected = "a string" },
}

local function refuse(status, message, failures)
  return nil, { status = status, message = message, failures = failures }
end

local function note(failures, path, code, message)
  failures[#failures + 1] = { path = path, code = code, message = message }
end

local function invalid(failures)
  local first = failures[1]
  local message = "Validation failed: " .. first.path .. ": " .. first.message
  if #failures > 1 then
    message = message .. " (and " .. #failures - 1 .. " more)"
  end
  return refuse(400, message, failures)
end

--- A copy of `base` with `changes` laid over it, objects member by member.
local function merge(base, changes)
  local merged = {}
  for key, value in next, base do merged[key] = value end
  for key, value in next, changes do
    if type(value) == "table" then
      local old = merged[key]
      merged[key] = merge(type(old) == "table" and old or {}, value)
    else
      merged[key] = value
    end
  end
  return merged
end

--- What of the config an answer may show: everything but the secret fields.
local function public_config(fields, config)
  local public = {}
  for _, field in ipairs(fields) do
    local value = config[field.name]
    if not field.secret then
      if field.fields and value then
        value = public_config(field.fields, value)
      end
      public[field.name] = value
    end
  end
  return public
end

--- Problems of a body's own members, unknown ones after the known.
local function check_members(body, members, fixed_members)
  local failures, known, unknown = {}, {}, {}
  for _, member in ipairs(members) do
    local value = body[member.name]
    known[member.name] = true
    if value == nil then
      if member.required then
        note(failures, member.name, "missing_field", "must be there")
      end
    elseif type(value) ~= member.type then
      note(failures, member.name, "type_mismatch",
        "expected " .. member.expected)
    end
  end
  for key in next, body do
    if not known[key] then unknown[#unknown + 1] = key end
  end
  table.sort(unknown, names.before)
  for _, key in ipairs(unknown) do
    note(failures, names.path("", key), "unknown_field",
      fixed_members and fixed_members[key] and "cannot be changed"
        or "is not a member of this request")
  end
  return failures
end

-- What null does to a field is not known, so that is refused too.
local function check_config(store, failures, shape, config)
  local found, doubts = check.run {
    shape = shape, config = config, null = store.null,
  }
  for _, failure in ipairs(found) do failures[#failures + 1] = failure end
  for _, doubt in ipairs(doubts) do
    if doubt.code == "null_unknown" then failures[#failures + 1] = doubt end
  end
end

--- The time as RFC 3339 with milliseconds, later than at any call before.
local function timestamp(store)
  local milliseconds = math.floor(store.clock() * 1000)
  if milliseconds <= store.last_time then
    milliseconds = store.last_time + 1
  end
  store.last_time = milliseconds
  local seconds = math.floor(milliseconds / 1000)
  return os.date("!%Y-%m-%dT%H:%M:%S", seconds)
    .. ("%.3fZ"):format(milliseconds % 1000 / 1000):sub(2)
end

local function add(store, record)
  store.position = store.position + 1
  record.position = store.position
  record.created_at = timestamp(store)
  record.updated_at = record.created_at
  record.environment_id = record.environment_id or ENVIRONMENT
  store.by_id[record.id] = record
  store.records[#store.records + 1] = record
  return record
end

--- Example values of all fields; made-up ones for secrets.
local function example_config(fields)
  local config = {}
  for _, field in ipairs(fields) do
    if field.fields then
      config[field.name] = example_config(field.fields)
    elseif field.name == "private_key" then
      config[field.name] = FAKE_PRIVATE_KEY
    else
      config[field.name] = field.example or "sandbox-" .. field.name
    end
  end
  return config
end

--- A store that has one datastore of each type: `ds_mongo`, `ds_gcs`, `ds_s3`,
--- `ds_qdrant`.
---@param clock? fun(): number wall clock, seconds; `os.time` unless given
---@param null? any the value that stands for JSON null in decoded bodies
function M.new(clock, null)
  local store = setmetatable({
    clock = clock or os.time,
    null = null,
    by_id = {},
    records = {}, -- in the order in which they were made
    position = 0,
    last_time = 0,
  }, Store)
  for _, shape in ipairs(shapes) do
    add(store, {
      id = "ds_" .. (SHORT[shape.type] or shape.type),
      type = shape.type,
      label = shape.title .. " of the sandbox",
      config = example_config(shape.fields),
    })
  end
  return store
end

--- The answer to a record: without its secrets (CONTRACT.md, "What PATCH
--- does").
---@param record truto.sandbox.Record
---@return table
function M.public(record)
  return {
    id = record.id,
    type = record.type,
    label = record.label,
    config = public_config(check.shape(record.type).fields, record.config),
    environment_id = record.environment_id,
    created_at = record.created_at,
    updated_at = record.updated_at,
  }
end

---@param id string
---@return truto.sandbox.Record? record
---@return truto.sandbox.Refusal? refusal
function Store:get(id)
  local record = self.by_id[id]
  if not record then return refuse(404, "Datastore not found") end
  return record
end

--- Members that a datastore has and PATCH does not take.
local FIXED_MEMBERS = {
  id = true,
  type = true,
  environment_id = true,
  created_at = true,
  updated_at = true,
}

--- Lays changes over a datastore: all of them, or none.
---@param id string
---@param changes table decoded body of a PATCH, without cycles
---@return truto.sandbox.Record? record
---@return truto.sandbox.Refusal? refusal
function Store:update(id, changes)
  local record, refusal = self:get(id)
  if not record then return nil, refusal end
  local failures = check_members(changes, UPDATE_MEMBERS, FIXED_MEMBERS)
  local config = record.config
  if type(changes.config) == "table" then
    config = merge(config, changes.config)
    check_config(self, failures, check.shape(record.type), config)
  end
  if failures[1] then return invalid(failures) end
  record.config = config
  record.label = changes.label or record.label
  record.config_secret = changes.config_secret or record.config_secret
  record.updated_at = timestamp(self)
  return record
end

--- Makes a datastore.
---@param body table decoded body of a POST, without cycles
---@return truto.sandbox.Record? record
---@return truto.sandbox.Refusal? refusal
function Store:create(body)
  local failures = check_members(body, CREATE_MEMBERS)
  local shape = check.shape(body.type)
  if shape and type(body.config) == "table" then
    check_config(self, failures, shape, body.config)
  elseif type(body.type) == "string" and not shape then
    note(failures, "type", "invalid_value", "is not a known type")
  end
  if body.id == "" then
    note(failures, "id", "invalid_value", "must not be empty")
  end
  if failures[1] then return invalid(failures) end
  local id = body.id or ("ds_%06d"):format(self.position + 1)
  if self.by_id[id] then return refuse(409, "The id is taken") end
  return add(self, {
    id = id,
    type = body.type,
    label = body.label,
    config = merge({}, body.config),
    environment_id = body.environment_id,
  })
end

---@param id string
---@return string? id of the datastore that is gone
---@return truto.sandbox.Refusal? refusal
function Store:delete(id)
  local record, refusal = self:get(id)
  if not record then return nil, refusal end
  self.by_id[id] = nil
  for i, other in ipairs(self.records) do
    if other == record then
      table.remove(self.records, i)
      break
    end
  end
  return id
end

--- Reads `limit` and `next_cursor` of a list's query.
local function page_of(query)
  local limit, after = DEFAULT_PAGE, 0
  if query.limit then
    limit = query.limit:find("^%d+$") and tonumber(query.limit)
    if not limit or limit < 1 or limit > LARGEST_PAGE then
      return refuse(400, "limit must be a whole number from 1 to "
        .. LARGEST_PAGE)
    end
  end
  if query.next_cursor then
    after = tonumber(query.next_cursor:match("^c(%d+)$"))
    if not after then
      return refuse(400, "next_cursor is none that this list gave out")
    end
  end
  return { limit = limit, after = after }
end

---@class truto.sandbox.Page
---@field records truto.sandbox.Record[]
---@field next_cursor? string nil on the last page
---@field limit integer

--- A page of the datastores, in the order in which they were made.
---@param query table<string, string> `id`, `type`, `limit`, `next_cursor`
---@return truto.sandbox.Page? page
---@return truto.sandbox.Refusal? refusal
function Store:list(query)
  local page, refusal = page_of(query)
  if not page then return nil, refusal end
  local found = {}
  for _, record in ipairs(self.records) do
    if record.position > page.after
      and (not query.id or record.id == query.id)
      and (not query.type or record.type == query.type) then
      if #found == page.limit then
        page.next_cursor = "c" .. found[#found].position
        break
      end
      found[#found + 1] = record
    end
  end
  page.records = found
  return page
end

--- The test of a datastore's connection, which always succeeds here.
---@param id string
---@param method string
---@return table? result
---@return truto.sandbox.Refusal? refusal
function Store:test(id, method)
  local record, refusal = self:get(id)
  if not record then return nil, refusal end
  if not TESTABLE[record.type] then
    return refuse(400, "Datastores of type " .. record.type
      .. " cannot be tested, only s3 and google_cloud_storage")
  end
  return { success = true, method = method }
end

return M
