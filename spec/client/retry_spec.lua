local quota = require "truto.quota"
local retry = require "truto.retry"

-- What each failure is; examples/README.md, "Retries", is what every row keeps.
-- kind, code, status, whether it may pass by itself
local FAILURES = {
  { "network", "dns_failure", nil, true },
  { "network", "connection_refused", nil, true },
  { "network", "connect_failed", nil, true },
  { "network", "connection_lost", nil, true },
  { "network", "proxy_failed", nil, true },
  { "network", "transfer_failed", nil, true },
  { "timeout", "connect_timeout", nil, true },
  { "timeout", "timeout", nil, true },
  { "timeout", "timeout", 100, true },
  { "timeout", "timeout", 200, true },
  { "tls", "handshake_failed", nil, true },
  { "tls", "certificate_invalid", nil, false },
  { "tls", "another", nil, false },
  { "response", "truncated", 200, true },
  { "response", "truncated", 503, true },
  { "response", "not_json_object", 200, false },
  { "response", "body_too_large", 200, false },
  { "response", "headers_too_large", nil, false },
  { "response", "not_http", nil, false },
  -- Half an answer with such a status is a no as well.
  { "response", "truncated", 300, false },
  { "response", "truncated", 404, false },
  { "network", "connection_lost", 401, false },
  { "timeout", "timeout", 302, false },
  { "response", "body_too_large", 502, true },
  { "interrupted", "interrupted", nil, false },
  { "interrupted", "interrupted", 200, false },
  { "interrupted", "interrupted", 503, false },
  { "setup", "missing_token", nil, false },
  { "setup", "out_of_memory", 503, false },
  { "setup", "out_of_memory", nil, false },
  { "setup", "too_many_in_flight", nil, false },
  { "validation", "unknown_field", nil, false },
  { "unheard_of", "unheard_of", nil, false },
}

local TRANSIENT_STATUSES = {
  [408] = true, [425] = true, [429] = true,
  [500] = true, [502] = true, [503] = true, [504] = true,
}

describe("a failure", function()
  for _, row in ipairs(FAILURES) do
    local kind, code, status, transient = row[1], row[2], row[3], row[4]
    local name = ("%s/%s%s %s"):format(kind, code,
      status and " " .. status or "",
      transient and "may pass by itself" or "stays")
    it(name, function()
      assert.equal(transient,
        retry.is_transient({ kind = kind, code = code }, status))
    end)
  end

  it("of kind api goes by its status alone", function()
    for status = 300, 599 do
      assert.equal(TRANSIENT_STATUSES[status] == true,
        retry.is_transient({ kind = "api", code = "any" }, status), status)
    end
  end)
end)

-- The rules once more, as a list: the first that holds is the answer.
local function expected(facts)
  local rules = {
    { not facts.transient, "final" },
    { facts.retry == false, "policy" },
    { facts.retry == "not_sent" and facts.outcome == "unknown", "policy" },
    { facts.attempt >= facts.max_attempts, "attempts" },
    { facts.cost > facts.tokens, "quota" },
  }
  for _, rule in ipairs(rules) do
    if rule[1] then return nil, rule[2] end
  end
  local steps = { 0.5, 1, 2, 4, 8, 8, 8 }
  local wait = facts.random * steps[facts.attempt]
  local asked = facts.asked and math.min(facts.asked, 60) or 0
  if asked > wait then wait = asked end
  if facts.left <= wait then return nil, "deadline" end
  return wait
end

local NONE = {}

local SPACE = {
  { "transient", true, false },
  { "retry", true, "not_sent", false },
  { "outcome", "not_sent", "rejected", "unknown" },
  { "attempt", 1, 2, 3, 7 },
  { "max_attempts", 1, 2, 3, 10 },
  { "tokens", 0, 5, 14, 500 },
  { "cost", 5, 14 },
  { "asked", NONE, 0, 0.3, 10, 86400 },
  { "left", -1, 0, 0.25, 5, 60, 120 },
  { "random", 0, 0.5, 0.999 },
}

local function each(facts, depth, visit)
  local axis = SPACE[depth]
  if not axis then return visit(facts) end
  for i = 2, #axis do
    facts[axis[1]] = axis[i]
    if axis[i] == NONE then facts[axis[1]] = nil end
    each(facts, depth + 1, visit)
  end
end

describe("the decision", function()
  it("is right for every combination of facts", function()
    local count, reasons = 0, {}
    each({}, 1, function(facts)
      count = count + 1
      local wait, reason = retry.decide(facts)
      local want, why = expected(facts)
      reasons[reason or "retry"] = true
      if wait ~= want or reason ~= why then
        local parts = {}
        for _, axis in ipairs(SPACE) do
          parts[#parts + 1] = axis[1] .. "=" .. tostring(facts[axis[1]])
        end
        error(table.concat(parts, " ") .. (": %s %s, not %s %s")
          :format(wait, reason, want, why))
      end
    end)
    assert.is_true(count > 50000)
    for _, reason in ipairs {
      "retry", "final", "policy", "attempts", "quota", "deadline",
    } do
      assert.is_true(reasons[reason], reason)
    end
  end)

  it("stays finite after any number of attempts", function()
    assert.equal(4, retry.backoff(5000, 0.5))
  end)
end)

describe("a wait that a server asks for (H06)", function()
  for _, row in ipairs {
    { -5, 0, 0 }, { 0, 0, 0 }, { 1.5, 1.5, 1.5 }, { 60, 60, 60 },
    { 61, 61, 60 }, { 86400, 86400, 60 }, { 1e9, 86400, 60 },
    { math.huge, 86400, 60 }, { -math.huge, 0, 0 },
  } do
    it(("of %g s is told as %g, obeyed as %g"):format(row[1], row[2], row[3]),
      function()
        assert.equal(row[2], retry.told(row[1]))
        assert.equal(row[3], retry.obeyed(retry.told(row[1])))
      end)
  end

  it("that is no number is not obeyed", function()
    assert.is_nil(retry.told(nil))
    assert.is_nil(retry.told(0 / 0))
    assert.equal(0, retry.obeyed(nil))
  end)
end)

describe("the quota", function()
  it("has 500 tokens; a retry costs 14, after a throttle 5", function()
    local tokens = quota.new()
    quota.spend(tokens, quota.cost(503))
    assert.equal(486, tokens.tokens)
    quota.spend(tokens, quota.cost(nil))
    assert.equal(472, tokens.tokens)
    quota.spend(tokens, quota.cost(429))
    assert.equal(467, tokens.tokens)
  end)

  it("gets one back for a success, and is never more than full", function()
    local tokens = quota.new()
    quota.earn(tokens)
    assert.equal(500, tokens.tokens)
    quota.spend(tokens, 14)
    quota.earn(tokens)
    assert.equal(487, tokens.tokens)
  end)
end)
