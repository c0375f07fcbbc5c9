-- Inputs of absurd size end as an error before any request.

local exchange = require "support.exchange"

local server = exchange.server

describe("an update of absurd size (A07)", function()
  local function refused(changes, options)
    server:reset()
    local client = exchange.client "record"
    local datastore, err, meta =
      client.datastore.update("ds_1", changes, options)
    assert.is_nil(datastore)
    assert.equal("validation", err.kind)
    assert.equal("too_large", err.code)
    assert.equal("not_sent", err.outcome)
    assert.equal(0, meta.attempts)
    assert.is_true(#tostring(err) < 500)
    assert(client.datastore.update("ds_1", { label = "x" }))
    client.close()
    assert.equal(1, #server:log())
  end

  it("is refused: a label of 100 MB", function()
    refused { label = ("x"):rep(100 * 2 ^ 20) }
  end)

  it("is refused: a million headers", function()
    local headers = {}
    for i = 1, 1e6 do headers[i .. "-x"] = "a" end
    refused({ label = "x" }, { headers = headers })
  end)
end)
