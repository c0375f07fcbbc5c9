-- Once a night, on exactly one worker: gives a datastore its new label.

local settings = require "settings"

local M = {}

local LOOK_EVERY = 20 -- seconds
local WINDOW = 600 -- seconds after NIGHTLY_AT in which a run may begin
local TWO_DAYS = 172800 -- seconds

-- Seconds since it was NIGHTLY_AT.
local function since_due(now)
  local hour, minute = (os.getenv "NIGHTLY_AT" or "03:00"):match "(%d+):(%d+)"
  return (now - hour * 3600 - minute * 60) % 86400
end

-- The dictionary outlives a reload, where for a while two generations of
-- workers are there, each with a worker 0.
local function is_first(date)
  return (ngx.shared.nightly:add(date, true, TWO_DAYS))
end

local function run(id, date)
  local datastore, err = settings.client.datastore.update(id, {
    label = "as of " .. date,
  })
  if datastore then
    ngx.log(ngx.NOTICE, "nightly: ", id, " is now '", datastore.label, "'")
  else
    ngx.shared.nightly:delete(date) -- the next look tries again
    ngx.log(ngx.ERR, "nightly: ", tostring(err))
  end
end

local function look(premature, id)
  if premature then return end -- the worker is leaving
  local now = ngx.time()
  local late = since_due(now)
  local date = os.date("!%Y-%m-%d", now - late)
  if late < WINDOW and is_first(date) then run(id, date) end
end

--- To be called in init_worker_by_lua.
function M.start()
  local id = os.getenv "NIGHTLY_DATASTORE_ID"
  if not id or ngx.worker.id() ~= 0 then return end
  assert(ngx.timer.at(0, look, id))
  assert(ngx.timer.every(LOOK_EVERY, look, id))
end

return M
