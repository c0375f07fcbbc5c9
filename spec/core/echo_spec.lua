-- What is left of secrets that a server sends back, in all the forms that
-- JSON can give them.

local exchange = require "support.exchange"
local truto = require "truto"

local server = exchange.server

-- Lines of a key, as long as in PEM; each has a canary.
local function lines(name)
  local list = {}
  for i = 1, 6 do
    list[i] = ("%scanary%02d"):format(name, i)
      .. ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASC"):sub(1, 40)
  end
  return table.concat(list, "\n")
end

local KEY = "-----BEGIN PRIVATE KEY-----\n" .. lines "K"
  .. "\n-----END PRIVATE KEY-----\n"

-- Whatever JSON escapes, or may escape.
local ODD = 'canary-odd"\\/<&>\'caf\195\169 \240\159\148\145\226\128\168\t\127z'

local SECRETS = {
  { "a private key", truto.secret(KEY) },
  { "a key with signs that JSON escapes", truto.secret(ODD) },
  { "a key with backslashes", truto.secret "C:\\new\\canary\\u0041\\\\t\\" },
  { "a key that ends in a newline", truto.secret "canary-newline\n" },
  { "a key of two lines",
    truto.secret "canary-first-line\r\nsecond-canary-line" },
  { "a key with its newlines as \\n", truto.secret.verbatim(
    (KEY:gsub("\n", "\\n"))) },
  { "a key in quotes", truto.secret '"canary-in-quotes"' },
}

-- All strings in a value, keys included.
local function each_string(value, visit)
  if type(value) == "string" then visit(value) end
  if type(value) ~= "table" then return end
  for key, inner in pairs(value) do
    each_string(key, visit)
    each_string(inner, visit)
  end
end

local function update(secret, code, options)
  local seen = {}
  local given = { max_attempts = 2, validate = false,
    log = function(event) seen[#seen + 1] = event end,
    on_retry = function(event)
      seen[#seen + 1] = { tostring(event.err), event.err }
    end }
  for name, value in pairs(options or {}) do given[name] = value end
  local client = exchange.client("echo-forms=" .. code, given)
  local datastore, err, meta = client.datastore.update("ds_1",
    { label = "l", config = { api_key = secret, name = "plain name" },
      config_secret = secret })
  client.close()
  assert.is_nil(datastore)
  return err, { err, meta, seen, tostring(err) }
end

describe("a secret that the server echoes (S11)", function()
  before_each(function() server:reset() end)

  for _, case in ipairs(SECRETS) do
    it("is in nothing that comes out: " .. case[1], function()
      for _, code in ipairs { 400, 503 } do
        local err, out = update(case[2], code)
        assert.equal(code, err.status)
        assert.matches("[secret]", err.message, 1, true)
        local texts = 0
        each_string(out, function(text)
          texts = texts + 1
          assert.is_nil(text:find("canary", 1, true), text)
        end)
        assert.is_true(texts > 100)
        -- What is not secret is left as it was.
        assert.equal("plain name", err.api.details.received.config.name)
        assert.is_string(out[2].headers["x-echo"])
      end
    end)
  end

  it("is masked by its longest part, when it begins as another (S11)",
    function()
      local long, short = "canary-prefix-1234567890", "canary-prefix"
      for _, pair in ipairs { { long, short }, { short, long } } do
        local client = exchange.client("echo-forms=400", { max_attempts = 1 })
        local _, err = client.datastore.update("ds_1", {
          config_secret = truto.secret(pair[1]),
          config = { api_key = pair[2] },
        })
        client.close()
        local received = err.api.details.received
        assert.equal("[secret]", received.config_secret)
        assert.equal("[secret]", received.config.api_key)
        assert.is_nil(err.message:find("1234567890", 1, true))
      end
    end)

  it("leaves texts alone that only look like a part of it", function()
    local client = exchange.client("echo-forms=400", { max_attempts = 1 })
    local _, err = client.datastore.update("ds_1", {
      label = "-----BEGIN\ncanary-short", config_secret = truto.secret(KEY),
    })
    client.close()
    assert.equal("-----BEGIN\ncanary-short", err.api.details.received.label)
  end)
end)
