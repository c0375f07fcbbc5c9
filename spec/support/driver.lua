--- Drivers for the specs: time that passes only when somebody waits.

local M = {}

--- The last argument of an attempt: token, headers and timeouts.
function M.sending(...) return (select(select("#", ...), ...)) end

--- A driver whose attempts are given, and whose waits take no time.
---@param script table one entry per attempt: a function of (driver, sending)
---  or a table { datastore, err, facts, takes = seconds }; the last one is
---  repeated
---@return table driver with `clock`, `waits` and `sent` (a copy of each
---  attempt's `sending`); `chance` is what random() gives
function M.scripted(script)
  local driver = { clock = 1000, waits = {}, sent = {}, chance = 0.5 }
  function driver.now() return driver.clock end
  function driver.random() return driver.chance end
  function driver.wait(seconds)
    driver.waits[#driver.waits + 1] = seconds
    driver.clock = driver.clock + seconds
    return true
  end
  function driver.attempt(_, operation, ...)
    local sending = M.sending(...)
    local copy = { operation = operation }
    for name, value in pairs(sending) do copy[name] = value end
    driver.sent[#driver.sent + 1] = copy
    local entry = script[math.min(#driver.sent, #script)]
    if type(entry) == "function" then return entry(driver, sending) end
    driver.clock = driver.clock + (entry.takes or 0)
    local err, facts = nil, { elapsed = entry.takes or 0 }
    if entry[2] then
      err = {}
      for name, value in pairs(entry[2]) do err[name] = value end
    end
    for name, value in pairs(entry[3] or {}) do facts[name] = value end
    if facts.elapsed == false then facts.elapsed = nil end
    return entry[1], err, facts
  end
  return driver
end

-- Ways to carry out a real attempt: Lua code, since children need it too.
local REAL = {
  blocking = 'return require("truto.driver").blocking',
  background = 'return require("support.background").driver()',
}

--- The name of the driver that `real`, `code` and `impatient` are about. The
--- specs that run a second time through the background driver change it.
M.kind = "blocking"

--- A driver that makes real exchanges.
---@param kind? string "blocking" or "background"; default `M.kind`
---@return truto.Driver
function M.real(kind)
  local load_text = rawget(_G, "loadstring") or load
  return load_text(REAL[kind or M.kind])()
end

--- The same as an expression, for a child's code.
function M.code(kind)
  return "(function() " .. REAL[kind or M.kind] .. " end)()"
end

--- A real driver, but for its waits: they are noted, and the clock jumps.
---@param kind? string as for `real`
---@return table driver with `waits`, `sent` and `chance`
function M.impatient(kind)
  local real = M.real(kind)
  local driver = { waits = {}, sent = {}, skipped = 0, chance = 0.5 }
  function driver.attempt(handle, operation, ...)
    driver.sent[#driver.sent + 1] = M.sending(...)
    return real.attempt(handle, operation, ...)
  end
  function driver.now() return real.now() + driver.skipped end
  function driver.random() return driver.chance end
  function driver.wait(seconds)
    driver.waits[#driver.waits + 1] = seconds
    driver.skipped = driver.skipped + seconds
    return true
  end
  return driver
end

--- An attempt that found the datastore.
M.FOUND = { { id = "ds_1" }, nil, { status = 200 } }

--- An attempt that the API answered with an error.
---@param status integer
---@param facts? table more facts
function M.api(status, facts)
  local all = { status = status }
  for name, value in pairs(facts or {}) do all[name] = value end
  return {
    nil,
    {
      kind = "api", code = "http_" .. status, message = "no",
      status = status, outcome = status < 500 and "rejected" or "unknown",
      url = "https://127.0.0.1:9/datastore/ds_1",
    },
    all,
  }
end

--- A client on a scripted driver, and the driver.
---@param script table as for `scripted`
---@param options? table more options of `truto.new`
function M.client(script, options)
  local driver = M.scripted(script)
  local given = {
    base_url = "http://127.0.0.1:9", token = "canary-token", driver = driver,
  }
  for name, value in pairs(options or {}) do given[name] = value end
  return assert(require "truto".new(given)), driver
end

--- One update on a scripted driver.
---@return table driver
---@return table? datastore
---@return truto.Error? err
---@return truto.Meta meta
function M.update(script, options, call)
  local client, driver = M.client(script, options)
  return driver, client.datastore.update("ds_1", { label = "x" }, call)
end

return M
