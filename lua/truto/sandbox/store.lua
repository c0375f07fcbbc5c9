--- The sandbox's datastores: what a Truto would keep, in memory, pure Lua.
---
--- Every function answers with a value, or with `nil, refusal`. Routes and
--- statuses are those of CONTRACT.md; where it says *unknown*, the sandbox
--- refuses: `null`, unknown members of a body, a type without a shape.
--- Validation failures are status 400, all of them in `failures`.

local check = require "truto.config.check"
local members = require "truto.sandbox.members"
local shapes = require "truto.config.shapes"
local uuid = require "truto.sandbox.uuid"

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

-- The types whose connection the API can test (CONTRACT.md, "Routes").
local TESTABLE = { s3 = true, google_cloud_storage = true }

-- Shorter ids for the datastores of the start.
local SHORT = { mongo_data_api = "mongo", google_cloud_storage = "gcs" }

local FAKE_PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\n"
  .. "bm8ga2V5LCBvbmx5IHRoZSBzYW5kYm94J3M=\n-----END PRIVATE KEY-----\n"

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
  record.environment_id = record.environment_id or store.environment_id
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

--- The datastores that are there unless others are wanted.
local function examples()
  local list = {}
  for i, shape in ipairs(shapes) do
    list[i] = {
      id = "ds_" .. (SHORT[shape.type] or shape.type),
      type = shape.type,
      label = shape.title .. " of the sandbox",
      config = example_config(shape.fields),
    }
  end
  return list
end

---@class truto.sandbox.StoreOptions
---@field clock? fun(): number wall clock, seconds; `os.time` unless given
---@field random? fun(count: integer): string bytes by chance
---@field null? any the value that stands for JSON null in decoded bodies
---@field datastores? table[] as for `Store:create`; by default one of each
---  type: `ds_mongo`, `ds_gcs`, `ds_s3`, `ds_qdrant`

--- A store with the datastores of its start.
---@param options? truto.sandbox.StoreOptions
---@return table? store
---@return truto.sandbox.Refusal? refusal of a datastore
function M.new(options)
  options = options or {}
  local random = options.random or uuid.random_bytes
  local store = setmetatable({
    clock = options.clock or os.time,
    random = random,
    null = options.null,
    environment_id = uuid.new(random),
    start = options.datastores or examples(),
    last_time = 0,
  }, Store)
  local done, refusal = store:reset()
  if not done then return nil, refusal end
  return store
end

--- Brings back the datastores of the start.
---@return true? done
---@return truto.sandbox.Refusal? refusal of a datastore
function Store:reset()
  self.by_id = {}
  self.records = {} -- in the order in which they were made
  self.position = 0
  for _, datastore in ipairs(self.start) do
    local record, refusal = self:create(datastore)
    if not record then return nil, refusal end
  end
  return true
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

--- Lays changes over a datastore: all of them, or none.
---@param id string
---@param changes table decoded body of a PATCH, without cycles
---@return truto.sandbox.Record? record
---@return truto.sandbox.Refusal? refusal
function Store:update(id, changes)
  local record, refusal = self:get(id)
  if not record then return nil, refusal end
  local failures = members.check_update(changes)
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
  local failures = members.check_create(body)
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
  local id = body.id or uuid.new(self.random)
  if self.by_id[id] then return refuse(409, "The id is taken") end
  return add(self, {
    id = id,
    type = body.type,
    label = body.label,
    config = merge({}, body.config),
    config_secret = body.config_secret,
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

local function passes(record, filters)
  for field, allowed in next, filters do
    if not allowed[record[field]] then return false end
  end
  return true
end

---@class truto.sandbox.Page
---@field records truto.sandbox.Record[]
---@field next_cursor? string nil on the last page
---@field limit integer

--- A page of the datastores, in the order in which they were made.
---@param query truto.sandbox.Query
---@return truto.sandbox.Page page
function Store:list(query)
  local page = { records = {}, limit = query.limit }
  local found = page.records
  for _, record in ipairs(self.records) do
    if record.position > query.after and passes(record, query.filters) then
      if #found == page.limit then
        page.next_cursor = "c" .. ("%d"):format(found[#found].position)
        break
      end
      found[#found + 1] = record
    end
  end
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
