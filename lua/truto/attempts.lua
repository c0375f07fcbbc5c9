--- Attempt, decide, wait: one call of the user, however many requests.

local callback = require "truto.callback"
local errors = require "truto.errors"
local log = require "truto.log"
local quota = require "truto.quota"
local ratelimit = require "truto.ratelimit"
local request_id = require "truto.request_id"
local retry = require "truto.retry"

local M = {}

--- What holds where neither the client nor the call says otherwise.
---@class truto.Policy
M.DEFAULTS = {
  timeout = 30, ---@type number seconds for one attempt
  connect_timeout = 10, ---@type number seconds
  deadline = 120, ---@type number seconds for all attempts and waits
  max_attempts = 3, ---@type integer the first included
  retry = true, ---@type boolean|"not_sent"
}

---@class truto.attempts.Client what the calls of a client share
---@field driver truto.Driver
---@field quota truto.Quota
---@field pace truto.Pace asked before each attempt
---@field window truto.Window
---@field sinks fun(event: truto.Event)[]
---@field on_retry? fun(event: truto.RetryEvent)
---@field closed boolean

---@class truto.Route what C knows of an operation
---@field method string
---@field path string with the name of each segment in braces
---@field safe boolean changes nothing
---@field idempotent boolean twice is the same as once
---@field fate string ends a message when it is unknown; "" of safe ones

---@class truto.RetryEvent
---@field attempt integer the one that failed; 0: a pause before the first
---@field wait number seconds until the next
---@field err truto.Error

---@class truto.attempts.Call
---@field client truto.attempts.Client
---@field policy truto.Policy
---@field attempt fun(limit: fun(sending: table): true?, truto.Error?):
---  table?, table?, truto.Facts one attempt; `limit` sets its timeouts, or
---  says why there is no time for it
---@field route truto.Route
---@field warnings truto.Issue[]
---@field settle? truto.attempts.Settle asked after each attempt that failed
---@field reserve? number seconds of the deadline that attempts leave to it

---@alias truto.attempts.Settle fun(err: truto.Error, before: truto.Outcome,
---  left: number): table?, truto.Facts? the answer if the call has succeeded
---  all the same, and the facts of where it came from; `before` is the worst
---  outcome of earlier attempts, `left` the seconds of the deadline

-- Binds the next calls of the client as well.
local TOO_MANY_REQUESTS = 429

-- Seconds. A wait that ends with the deadline leaves no time to send.
local TO_SEND = 0.001

-- How much is uncertain; the outcome of a call is the worst of its attempts.
local RANK = { not_sent = 1, rejected = 2, unknown = 3 }

local function worse(a, b) return RANK[b] > RANK[a] and b or a end

local function left_in_all(run)
  local call = run.call
  return call.policy.deadline - (call.client.driver.now() - run.started)
end

local function left(run) return left_in_all(run) - (run.call.reserve or 0) end

-- A segment that had to be encoded is not shown: it may be a secret that was
-- not recognised in that form.
local function path_of(run, err)
  local url = (err or run.err or {}).url
  local path = url and url:match("^%a+://[^/]+([^?#]*)") or run.facts.path
    or run.call.route.path
  return (path:gsub("(/datastore/)[^/]*%%[^/]*", "%1{id}")
    :gsub("(/test/)[^/]*%%[^/]*$", "%1{method}"))
end

-- Builds no event that nobody wants.
local function report(run, name, fields, err)
  local call = run.call
  if not call.client.sinks[1] then return end
  fields.event = name
  fields.method = call.route.method
  fields.path = path_of(run, err)
  if err then fields.kind, fields.code = err.kind, err.code end
  log.emit(call.client.sinks, fields, call.warnings)
end

local function closed_error()
  return errors.new {
    kind = "setup", code = "client_closed",
    message = "the client was closed during the call",
  }
end

local function late_error(deadline)
  return errors.new {
    kind = "timeout", code = "deadline", retryable = true,
    message = ("the deadline of %g s passed before an attempt could begin")
      :format(deadline),
  }
end

-- Asked at the last moment, since a token function may take its time, or
-- close the client.
local function limiter(run)
  local policy = run.call.policy
  return function(sending)
    if run.call.client.closed then return nil, closed_error() end
    local seconds = left(run)
    if seconds <= 0 then
      return nil, run.err or late_error(policy.deadline)
    end
    sending.timeout = math.min(policy.timeout, seconds)
    sending.connect_timeout = math.min(policy.connect_timeout, seconds)
    return true
  end
end

local function note_facts(run, facts)
  local client = run.call.client
  run.attempts = run.attempts + 1
  run.facts = facts
  facts.ratelimit = ratelimit.parse(facts.headers)
  ratelimit.note(client.window, facts.ratelimit, client.driver.now())
end

local function describe(run, err, facts)
  run.err = errors.new(err)
  run.outcome = worse(run.outcome, err.outcome)
  run.transient = facts.elapsed ~= nil
    and retry.is_transient(err, facts.status)
  err.attempts = run.attempts
  err.elapsed = run.call.client.driver.now() - run.started
  err.request_id = request_id.of(facts.headers)
  err.retry_after = err.retry_after or retry.told(facts.retry_after)
    or run.transient and ratelimit.asked(facts.ratelimit) or nil
  if facts.status == TOO_MANY_REQUESTS then
    run.call.client.pace.hold(retry.obeyed(err.retry_after))
  end
  if err.retryable == nil then err.retryable = run.transient end
end

local function report_response(run, facts, err)
  report(run, "response", {
    attempt = run.attempts,
    status = facts.status,
    elapsed = facts.elapsed,
    request_bytes = facts.request_bytes,
    response_bytes = facts.response_bytes,
    connection_reused = facts.connection_reused,
  }, err)
end

local function attempt(run)
  local is_watched = run.call.client.sinks[1] ~= nil
  if is_watched then
    report(run, "request", { attempt = run.attempts + 1 })
  end
  local answer, err, facts = run.call.attempt(run.limit)
  if facts.elapsed then note_facts(run, facts) end
  if is_watched and facts.status then report_response(run, facts, err) end
  if err then describe(run, err, facts) end
  return answer
end

-- What a callback does to its error must not reach ours.
local function copy(err)
  local fields = {}
  for name, value in pairs(err) do fields[name] = value end
  return errors.new(fields)
end

-- Callbacks come first: the wait goes on while they run.
local function sleep(run, wait, err)
  local call = run.call
  local driver = call.client.driver
  local wake = driver.now() + wait
  report(run, "retry", {
    attempt = run.attempts, wait = wait, status = err.status,
  }, err)
  if call.client.on_retry then
    callback.call("on_retry", call.client.on_retry,
      { attempt = run.attempts, wait = wait, err = copy(err) }, call.warnings)
  end
  wait = wake - driver.now()
  if wait <= 0 or call.client.closed then return true end
  local waited, failure = driver.wait(wait)
  if waited then return true end
  failure.message = failure.message .. ", after: " .. err.code
  run.err = errors.new(failure)
  return false
end

local function limited_error(wait, message)
  return errors.new {
    kind = "api", code = "rate_limited", retryable = true,
    retry_after = math.ceil(wait * 1000) / 1000, attempts = 0,
    message = message,
  }
end

-- What a used-up window asks for, if the deadline allows; else the server is
-- asked, which knows better. A retry has waited for it already.
local function window_wait(run)
  local client = run.call.client
  local wait = run.attempts == 0
    and ratelimit.pause(client.window, client.driver.now())
  return wait and wait < left(run) and wait or 0
end

-- The error of an attempt that must not be made; that of an earlier one is
-- worth more.
local function refuse_turn(run, wait)
  local err = limited_error(wait, ("the API asked to wait, %.3g s more; "
    .. "nothing was sent"):format(wait))
  if run.err then
    run.err.retry_after = math.max(run.err.retry_after or 0, err.retry_after)
  else
    run.err = err
  end
  return false
end

-- Before each attempt, unless there is no time for one anyway.
local function wait_for_turn(run)
  local longest = left(run) - TO_SEND
  if longest <= 0 then return true end
  local wait, _, needed = run.call.client.pace.reserve(longest)
  if not wait then return refuse_turn(run, needed) end
  wait = math.max(wait, window_wait(run))
  if wait <= 0 then return true end
  return sleep(run, wait, run.err or limited_error(wait,
    "an earlier answer asked to wait, or left no request in its window; "
    .. "waiting for that"))
end

local function wait_to_retry(run)
  local client, policy, err = run.call.client, run.call.policy, run.err
  local cost = quota.cost(run.facts.status)
  local wait = retry.decide {
    transient = run.transient,
    outcome = err.outcome,
    retry = retry.allowed(policy.retry, run.call.route),
    attempt = run.attempts,
    max_attempts = policy.max_attempts,
    tokens = client.quota.tokens,
    cost = cost,
    asked = err.retry_after,
    left = left(run),
    random = client.driver.random(),
  }
  if not wait then return false end
  quota.spend(client.quota, cost)
  return sleep(run, wait, err)
end

local function finish(run, answer)
  local call, meta = run.call, run.facts
  local err = not answer and run.err or nil
  meta.attempts = run.attempts
  meta.elapsed = call.client.driver.now() - run.started
  meta.warnings = call.warnings
  if err then
    err.attempts = run.attempts
    err.elapsed = meta.elapsed
    err.outcome = worse(run.outcome, err.outcome)
    if err.retryable == nil then err.retryable = false end
    report(run, "error", {
      attempt = run.attempts, status = err.status, outcome = err.outcome,
      elapsed = meta.elapsed,
    }, err)
  end
  return answer, err, meta
end

-- Whether a call whose attempt failed has succeeded all the same.
local function settle(run, before)
  local call = run.call
  if not call.settle or call.client.closed then return nil end
  local answer, facts = call.settle(run.err, before, left_in_all(run))
  if answer and facts then run.facts = facts end
  return answer
end

--- The policy of a call: what it says, else the client, else the default.
---@param given table options of the call
---@param defaults truto.ClientOptions
---@return truto.Policy
function M.policy(given, defaults)
  local made = {}
  for name, value in pairs(M.DEFAULTS) do
    if given[name] ~= nil then value = given[name]
    elseif defaults[name] ~= nil then value = defaults[name] end
    made[name] = value
  end
  return made
end

--- Makes attempts until one succeeds, or the next is not worth it, not
--- allowed, or not in time. What callbacks raise is ignored, with a warning
--- `callback_failed` in `meta.warnings`.
---@param call truto.attempts.Call
---@return table? answer
---@return truto.Error? err `outcome` is the worst of all attempts
---@return truto.Meta meta facts of the last attempt; of all: `attempts`,
---  `elapsed`
function M.run(call)
  local run = {
    call = call,
    started = call.client.driver.now(),
    attempts = 0,
    outcome = "not_sent",
    facts = {},
  }
  run.limit = limiter(run)
  while wait_for_turn(run) do
    local before = run.outcome
    local answer = attempt(run)
    if answer then quota.earn(call.client.quota) end
    answer = answer or settle(run, before)
    if answer then return finish(run, answer) end
    if not wait_to_retry(run) then break end
  end
  return finish(run)
end

--- The failure of a call that never came to an attempt.
---@param call truto.attempts.Call
---@param err truto.Error
---@return nil, truto.Error, truto.Meta
function M.refuse(call, err)
  return finish({
    call = call,
    started = call.client.driver.now(),
    attempts = 0,
    outcome = "not_sent",
    facts = {},
    err = err,
  })
end

return M
