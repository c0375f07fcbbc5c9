--- Whether to try again, and after what wait: pure functions of facts.
---
--- A PATCH here sets absolute values (sandbox/CONTRACT.md, "What PATCH does"),
--- so the same request may be sent again when it is not known whether the first
--- one was applied; `retry = "not_sent"` is for those who share a datastore
--- with another writer.

local M = {}

--- Seconds of what a server asks for that are waited for: one answer cannot
--- stop a program for a day.
M.LONGEST_ASKED = 60

-- Seconds of it that an error tells of: a day.
local LONGEST_TOLD = 86400

local FIRST_WAIT, LONGEST_WAIT = 0.5, 8

-- What passes by itself, by kind of error: all of it, or these codes. A
-- handshake that fails is mostly a server that is just restarting; a
-- certificate that is not accepted stays so. A kind that is not here never
-- does, whatever status had come before.
local TRANSIENT = {
  api = {},
  network = true,
  timeout = true,
  tls = { handshake_failed = true },
  response = { truncated = true },
}

local TRANSIENT_STATUSES = {
  [408] = true, [425] = true, [429] = true,
  [500] = true, [502] = true, [503] = true, [504] = true,
}

--- Whether the failure of an attempt may pass by itself. A status counts
--- for more than how the answer ended: half a 404 is still a no.
---@param err truto.Error
---@param status? integer of the answer, if a status came
---@return boolean
function M.is_transient(err, status)
  local codes = TRANSIENT[err.kind]
  if not codes then return false end
  if status and status >= 300 then
    return TRANSIENT_STATUSES[status] == true
  end
  return codes == true or codes[err.code] == true
end

--- The wait that a server asked for, as errors tell it.
---@param seconds number? hostile values included
---@return number? seconds 0 to 86,400
function M.told(seconds)
  if not seconds or seconds ~= seconds then return nil end
  return math.max(0, math.min(seconds, LONGEST_TOLD))
end

--- The same, as it is obeyed.
---@param told number? 0 to 86,400 seconds
---@return number seconds 0 to 60
function M.obeyed(told) return math.min(told or 0, M.LONGEST_ASKED) end

--- Full jitter: anything up to 0.5 s after the first attempt, doubling with
--- each, up to 8 s.
---@param attempt integer attempts made, at least 1
---@param random number in [0, 1)
---@return number seconds
function M.backoff(attempt, random)
  return random * math.min(LONGEST_WAIT, FIRST_WAIT * 2 ^ (attempt - 1))
end

--- What a caller allows, on a route: what changes nothing may be repeated
--- although it is not known whether it was done; what is not the same when
--- done twice may not.
---@param retry boolean|"not_sent" what the caller allows
---@param route truto.Route
---@return boolean|"not_sent"
function M.allowed(retry, route)
  if not retry or route.safe then return retry ~= false end
  return route.idempotent and retry or "not_sent"
end

---@class truto.retry.Facts
---@field transient boolean the failure may pass by itself
---@field outcome truto.Outcome of the attempt that failed
---@field retry boolean|"not_sent" what the caller allows
---@field attempt integer attempts made
---@field max_attempts integer
---@field tokens number left in the quota
---@field cost number tokens that this retry costs
---@field asked? number seconds the server asked to wait, 0 to 86,400
---@field left number seconds until the deadline
---@field random number in [0, 1)

---@alias truto.retry.Reason
---| "final"    # the same request would fail again
---| "policy"   # the caller does not want it
---| "attempts" # max_attempts were made
---| "quota"    # too many failures on this client of late
---| "deadline" # the wait would pass it

--- Decides about the next attempt.
---@param facts truto.retry.Facts
---@return number? wait seconds until the next attempt; nil: there is none
---@return truto.retry.Reason? reason why there is none
function M.decide(facts)
  if not facts.transient then return nil, "final" end
  if facts.retry == false
    or facts.retry == "not_sent" and facts.outcome == "unknown" then
    return nil, "policy"
  end
  if facts.attempt >= facts.max_attempts then return nil, "attempts" end
  if facts.tokens < facts.cost then return nil, "quota" end
  local wait = M.backoff(facts.attempt, facts.random)
  wait = math.max(wait, M.obeyed(facts.asked))
  if wait >= facts.left then return nil, "deadline" end
  return wait
end

return M
