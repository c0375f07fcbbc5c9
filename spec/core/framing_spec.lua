-- What the head of an answer says: where the body ends, and its fields.

local exchange = require "support.exchange"

local server = exchange.server
local ONE = { max_attempts = 1 }

local function is(kind, code, outcome, err)
  assert.same({ kind, code, outcome }, { err.kind, err.code, err.outcome },
    err.message)
end

-- An update that meets the answer once, and the next one on that client.
local function fails(name, listener)
  server:reset()
  local client = exchange.client("fail-then-ok,fault=head,status=" .. name,
    { max_attempts = 1, listener = listener })
  local datastore, err, meta =
    client.datastore.update("ds_1", { label = "x" })
  assert.is_nil(datastore)
  assert.equal(1, meta.attempts)
  assert(client.datastore.update("ds_1", { label = "x" }))
  client.close()
  local requests = server:log()
  assert.equal(2, #requests)
  return err, requests[1].connection ~= requests[2].connection
end

before_each(function() server:reset() end)

describe("an answer whose end nobody knows is a response error, and its "
  .. "connection is not kept (H25)", function()
  for _, name in ipairs {
    "two-lengths", "two-lengths-swapped", "list-of-lengths",
    "length-beside-chunked", "chunked-beside-length", "negative-length",
    "plus-length", "hexadecimal-length", "fraction-length", "word-length",
    "empty-length", "length-and-more", "open-list-of-lengths",
    "folded-length", "huge-length", "blank-after-length",
    "blank-after-coding", "gzip-coding", "gzip-and-chunked", "chunked-twice",
    "chunked-in-two-lines", "chunked-then-gzip", "identity-coding",
    "chunked-in-http-1.0", "early-length", "early-chunked",
    "no-content-with-length", "limited-two-lengths",
  } do
    for _, listener in ipairs { "https", "http" } do
      it(name .. " over " .. listener, function()
        local err, is_left = fails(name, listener)
        is("response", "ambiguous_framing", "unknown", err)
        assert.is_true(is_left)
      end)
    end
  end
end)

describe("an answer that is odd, but clear, passes", function()
  for _, name in ipairs { "equal-lengths", "list-of-equal-lengths",
    "loud-chunked", "folded-chunked", "early-hints", "trailers" } do
    for _, listener in ipairs { "https", "http" } do
      it(name .. " over " .. listener, function()
        local client = exchange.client("head=" .. name, { max_attempts = 1,
          listener = listener })
        for _ = 1, 2 do
          local datastore = client.datastore.update("ds_1", { label = "x" })
          assert.same({ id = "ds_1" }, datastore)
        end
        client.close()
      end)
    end
  end

  it("and trailers are no headers", function()
    local _, _, meta = exchange.update("head=trailers", ONE)
    assert.same({ ["transfer-encoding"] = "chunked" }, meta.headers)
  end)
end)

describe("a head's fields (H26)", function()
  for _, listener in ipairs { "https", "http" } do
    local function headers(name)
      local datastore, err, meta = exchange.update("head=" .. name,
        { max_attempts = 1, listener = listener })
      return meta.headers, datastore, err
    end

    it("are joined where they are folded, over " .. listener, function()
      local found = headers "folded-value"
      assert.same({ ["x-one"] = "a x-fake: b c", ["x-two"] = "d",
        ["content-length"] = "13" }, found)
    end)

    it("count where they are folded, over " .. listener, function()
      local _, _, err = headers "folded-wait"
      is("api", "rate_limited", "rejected", err)
      assert.equal(7, err.retry_after)
    end)

    it("stay where a name begins as a status line, over " .. listener,
      function()
        local found = headers "name-of-http"
        assert.equal("a", found["x-one"])
        assert.equal("d", found["x-two"])
        assert.equal("b", found["http/1.1 500 x"])
      end)

    it("are none in a status line, over " .. listener, function()
      assert.same({ ["content-length"] = "13" }, (headers "reason-with-colon"))
    end)
  end
end)

describe("a head that is not HTTP is a response error (H26)", function()
  for _, name in ipairs { "folded-first", "without-colon", "with-nul",
    "with-carriage-return" } do
    for _, listener in ipairs { "https", "http" } do
      it(name .. " over " .. listener, function()
        local err, is_left = fails(name, listener)
        is("response", "not_http", "unknown", err)
        assert.is_true(is_left)
      end)
    end
  end
end)

describe("a status that is no answer to an update", function()
  for name, status in pairs { ["not-modified"] = 304, ["use-proxy"] = 305,
    switching = 101, beyond = 600 } do
    for _, listener in ipairs { "https", "http" } do
      it(status .. " is unexpected, over " .. listener, function()
        local err = fails(name, listener)
        is("api", "unexpected_status", "unknown", err)
        assert.equal(status, err.status)
        assert.is_false(err.retryable)
      end)
    end
  end

  it("is not all that comes", function()
    is("network", "connection_lost", "unknown",
      select(2, exchange.update("early-hints-only", ONE)))
  end)

  it("ends at once where another protocol follows", function()
    local _, err, meta = exchange.update("switching", ONE)
    is("api", "unexpected_status", "unknown", err)
    assert.is_true(meta.elapsed < 10)
  end)
end)
