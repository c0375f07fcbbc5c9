-- Every byte, in every place where bytes of the caller go into a request:
-- taken as documented, or refused before a request is made.

local core = require "truto.core"

-- Port 9 refuses, so what comes back tells whether the bytes were taken.
local client = assert(core.client.new { base_url = "http://127.0.0.1:9" })

local function code_of(id, changes, options)
  options.token = options.token or "canary-bytes"
  local _, err = core.datastore.update(client, id, changes, options)
  return err.code, err
end

-- By byte, whether it was taken.
local function taken(try)
  local found = {}
  for byte = 0, 255 do
    found[byte] = try(string.char(byte)) == "connection_refused"
  end
  return found
end

local function expected(pattern)
  local found = {}
  for byte = 0, 255 do
    found[byte] = string.char(byte):find(pattern) ~= nil
  end
  return found
end

describe("every byte", function()
  it("of a token is visible ASCII, or refused (H22)", function()
    assert.same(expected "[\33-\126]", taken(function(byte)
      return code_of("ds_1", { label = "x" }, { token = "a" .. byte })
    end))
  end)

  it("of a header's name is one of RFC 9110's, or refused (H22)", function()
    assert.same(expected "[%w!#$%%&'*+%-.^_`|~]", taken(function(byte)
      return code_of("ds_1", { label = "x" },
        { headers = { ["X-" .. byte] = "x" } })
    end))
  end)

  it("of a header's value is no control character (H22)", function()
    assert.same(expected "[\t\32-\126\128-\255]", taken(function(byte)
      return code_of("ds_1", { label = "x" },
        { headers = { ["X-A"] = "a" .. byte } })
    end))
  end)

  it("of an id is taken as it is, encoded, or NUL (H20, H21)", function()
    for byte = 0, 255 do
      local character = string.char(byte)
      local code, err = code_of("a" .. character, { label = "x" }, {})
      if byte == 0 then
        assert.equal("invalid_id", code)
      else
        local encoded = character:find "[%w%-._~]" and character
          or ("%%%02x"):format(byte)
        assert.equal("http://127.0.0.1:9/datastore/a" .. encoded, err.url)
      end
    end
  end)
end)

describe("a long id", function()
  it("is cut in an error's url", function()
    local _, err = code_of(("a"):rep(1024), { label = "x" }, {})
    assert.equal("connection_refused", err.code)
    assert.equal(512, #err.url)
    local code = code_of(("a"):rep(1025), { label = "x" }, {})
    assert.equal("invalid_id", code)
  end)
end)

-- The longest valid start of each range of RFC 3629's grammar, and what lies
-- just outside of it.
local VALID = {
  "\0", "\127", "\194\128", "\223\191", "\224\160\128", "\224\191\191",
  "\225\128\128", "\236\191\191", "\237\128\128", "\237\159\191",
  "\238\128\128", "\239\191\191", "\240\144\128\128", "\240\191\191\191",
  "\241\128\128\128", "\243\191\191\191", "\244\128\128\128",
  "\244\143\191\191",
}
local INVALID = {
  "\128", "\191", "\192\128", "\193\191", "\194", "\194\127", "\194\192",
  "\224\159\191", "\224\160", "\224\160\127", "\224\160\192", "\237\160\128",
  "\237\191\191", "\240\143\191\191", "\240\144\128", "\240\144\128\127",
  "\240\144\127\128", "\244\144\128\128", "\245\128\128\128", "\255",
}

describe("UTF-8 (J10)", function()
  it("is taken where RFC 3629 allows it", function()
    for _, text in ipairs(VALID) do
      for _, around in ipairs { "%s", "a%s", "%sa", "%s%s" } do
        local given = around:gsub("%%s", (text:gsub("%%", "%%%%")))
        assert.equal("connection_refused",
          (code_of("ds_1", { label = given }, {})))
      end
    end
  end)

  it("is refused elsewhere, as a value and as a key", function()
    for _, text in ipairs(INVALID) do
      for _, changes in ipairs {
        { label = text }, { label = "a" .. text }, { label = text .. "a" },
        { config = { [text] = 1 } },
      } do
        local code, err = code_of("ds_1", changes, {})
        assert.equal("invalid_utf8", code)
        assert.equal("not_sent", err.outcome)
      end
    end
  end)
end)
