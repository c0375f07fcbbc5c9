--- The faults that a request can ask the sandbox for.

local curl = require "support.curl"
local sandbox_module = require "truto.sandbox"

local request = curl.request

describe("truto.sandbox with a fault", function()
  local sandbox

  setup(function() sandbox = assert(sandbox_module.start()) end)

  teardown(function() sandbox.stop() end)

  local function with_fault(fault, json)
    return {
      headers = { "truto-sandbox-fault: " .. fault },
      json = json or { label = "faulted" },
    }
  end

  local function label()
    return select(2, request(sandbox, "GET", "/datastore/ds_gcs")).label
  end

  local function curl_exit(fault)
    return curl.run(sandbox, "-o /dev/null " .. curl.bearer(sandbox)
      .. " -H 'Content-Type: application/json' -X PATCH -d '{\"label\": \""
      .. fault .. "\"}' -H 'truto-sandbox-fault: " .. fault .. "' "
      .. sandbox.base_url .. "/datastore/ds_gcs 2>/dev/null; echo $?")
      :match("%d+$")
  end

  it("answers with a status and changes nothing", function()
    local before = label()
    local status, body, headers = request(sandbox, "PATCH",
      "/datastore/ds_gcs", with_fault("status=503; retry-after=7"))
    assert.equal(503, status)
    assert.equal("Service Unavailable", body.error)
    assert.equal("7", headers["retry-after"])
    assert.equal(before, label())
  end)

  it("may name a date to retry after", function()
    local date = "Wed, 21 Oct 2037 07:28:00 GMT"
    local _, _, headers = request(sandbox, "GET", "/datastore/ds_gcs",
      with_fault("status=429; retry-after=" .. date))
    assert.equal(date, headers["retry-after"])
  end)

  it("strikes so many times, then lets one through, then again", function()
    local seen = {}
    for i = 1, 6 do
      seen[i] = request(sandbox, "PATCH", "/datastore/ds_gcs",
        with_fault("status=500;times=2"))
    end
    assert.same({ 500, 500, 200, 500, 500, 200 }, seen)
  end)

  it("waits first", function()
    local time = curl.run(sandbox, curl.bearer(sandbox)
      .. " -o /dev/null -w '%{time_total} %{http_code}'"
      .. " -H 'truto-sandbox-fault: latency=0.3' " .. sandbox.base_url
      .. "/datastore/ds_gcs")
    assert.equal("200", time:match("%d+$"))
    assert.truthy(tonumber(time:match("^%S+")) >= 0.3)
  end)

  it("drops the connection before the change, or after it", function()
    local before = label()
    assert.are_not.equal("0", curl_exit("drop"))
    assert.equal(before, label())
    assert.are_not.equal("0", curl_exit("drop=after"))
    assert.equal("drop=after", label())
    assert.equal(200, (request(sandbox, "GET", "/datastore/ds_gcs")))
  end)

  it("is refused when it is none", function()
    for _, fault in ipairs {
      "times=2", "retry-after=5", "retry-after=5; latency=0.1", ";",
      "status=503; method=GET", "stauts=503", "status=200",
      "status=0x1F4", "latency=-1",
      "latency=1e9", "times=0", "drop=never", "retry-after", "=",
    } do
      local status, body = request(sandbox, "PATCH", "/datastore/ds_gcs",
        with_fault(fault))
      assert.equal(400, status, fault)
      assert.truthy(body.message:find("truto-sandbox-fault", 1, true))
    end
  end)
end)

describe("truto.sandbox with faults set by whoever started it", function()
  local sandbox

  setup(function()
    sandbox = assert(sandbox_module.start {
      rate_limit = { limit = 100000 },
    })
  end)
  teardown(function() sandbox.stop() end)
  before_each(function() assert(sandbox.reset()) end)

  local function statuses(count, method, path, options)
    local seen = {}
    for i = 1, count do
      seen[i] = request(sandbox, method, path, options)
    end
    return seen
  end

  it("strikes requests of its method and path, so many times", function()
    assert.is_true(sandbox.fault { method = "PATCH",
      path = "/datastore/ds_s3", status = 503, times = 2 })
    local change = { json = { label = "x" } }
    assert.same({ 200 }, statuses(1, "GET", "/datastore/ds_s3"))
    assert.same({ 200 }, statuses(1, "PATCH", "/datastore/ds_gcs", change))
    assert.same({ 503, 503, 200, 200 },
      statuses(4, "PATCH", "/datastore/ds_s3", change))
  end)

  it("strikes any request, until all faults are cleared", function()
    sandbox.fault { status = 500 }
    assert.same({ 500, 500 }, statuses(2, "GET", "/datastore/ds_s3"))
    assert.same({ 500 }, statuses(1, "GET", "/nowhere"))
    assert.is_true(sandbox.clear_faults())
    assert.same({ 200 }, statuses(1, "GET", "/datastore/ds_s3"))
  end)

  it("strikes one after the other, in their order", function()
    sandbox.fault { status = 500, times = 1 }
    sandbox.fault { status = 429, retry_after = 7, times = 1 }
    sandbox.fault { method = "get", status = 503 }
    assert.same({ 500, 429, 503, 503 }, statuses(4, "GET", "/datastore/ds_s3"))
  end)

  it("goes by the path without its query, however it is encoded", function()
    sandbox.fault { path = "/datastore", status = 503 }
    assert.same({ 503 }, statuses(1, "GET", "/datastore?limit=1"))
    assert.same({ 200 }, statuses(1, "GET", "/datastore/ds_s3"))
    sandbox.fault { path = "/datastore/a b", status = 502 }
    assert.same({ 502 }, statuses(1, "GET", "/datastore/a%20b"))
  end)

  it("has the header's items as fields", function()
    local date = "Wed, 21 Oct 2037 07:28:00 GMT"
    sandbox.fault { status = 429, retry_after = date, times = 1 }
    local _, body, headers = request(sandbox, "GET", "/datastore")
    assert.equal("Too Many Requests", body.error)
    assert.equal(date, headers["retry-after"])
    sandbox.fault { drop = true, times = 1 }
    assert.is_false(pcall(request, sandbox, "GET", "/datastore"))
    sandbox.fault { drop = "after", times = 1 }
    assert.is_false(pcall(request, sandbox, "PATCH", "/datastore/ds_s3",
      { json = { label = "dropped after" } }))
    local _, kept = request(sandbox, "GET", "/datastore/ds_s3")
    assert.equal("dropped after", kept.label)
    sandbox.fault { latency = 0.2, times = 1 }
    local time = curl.run(sandbox, curl.bearer(sandbox)
      .. " -o /dev/null -w '%{time_total}' " .. sandbox.base_url
      .. "/datastore/ds_gcs")
    assert.truthy(tonumber(time) >= 0.2)
  end)

  it("leaves a request with a fault of its own to that", function()
    sandbox.fault { status = 500 }
    assert.same({ 418 }, statuses(1, "GET", "/datastore", {
      headers = { "truto-sandbox-fault: status=418" },
    }))
  end)

  it("raises for what is not one, at the caller, without a value", function()
    for _, case in ipairs {
      { { stauts = 503 }, "stauts; did you mean status?" },
      { { zeta = 1 }, "known are drop, latency, method, path, retry_after" },
      { {}, "give status, latency or drop" },
      { { times = 2 }, "give status, latency or drop" },
      { { drop = false }, "give status, latency or drop" },
      { { latency = 1, retry_after = 1 }, "retry_after without a status" },
      { { status = 200 }, "wrong status" },
      { { status = "503" }, "wrong status" },
      { { status = 503, times = 0 }, "wrong times" },
      { { latency = -1 }, "wrong latency" },
      { { latency = 0 / 0 }, "wrong latency" },
      { { drop = "never" }, "wrong drop" },
      { { status = 503, retry_after = "canary\n" }, "wrong retry_after" },
      { { status = 503, method = "" }, "wrong method" },
      { { status = 503, path = "datastore/canary" }, "wrong path" },
      { { status = 503, path = "/datastore?canary" }, "wrong path" },
      { { ["canary "] = 1 }, "has an unknown field; known are" },
      { "canary", "must be a table, not a string" },
    } do
      local ok, message = pcall(sandbox.fault, case[1])
      assert.is_false(ok, case[2])
      assert.truthy(message:find(case[2], 1, true), message)
      assert.truthy(message:find("sandbox.fault", 1, true), message)
      assert.falsy(message:find("canary", 1, true), message)
    end
    local _, message = pcall(function() sandbox.fault {} end)
    assert.matches("faults_spec.lua:%d+: ", message)
    assert.equal(200, (request(sandbox, "GET", "/datastore")))
  end)
end)
