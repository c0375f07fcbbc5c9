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
      "stauts=503", "status=200", "status=0x1F4", "latency=-1",
      "latency=1e9", "times=0", "drop=never", "retry-after", "=",
    } do
      local status, body = request(sandbox, "PATCH", "/datastore/ds_gcs",
        with_fault(fault))
      assert.equal(400, status, fault)
      assert.truthy(body.message:find("truto-sandbox-fault", 1, true))
    end
  end)
end)
