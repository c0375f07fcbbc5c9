-- What the C functions do with arguments that the layer in Lua would never
-- hand down: they raise, and say which argument it was.

local background = require "support.background"
local core = require "truto.core"

local function client()
  return assert(core.client.new { base_url = "http://127.0.0.1:9" })
end

local function closed()
  local one = client()
  core.client.close(one)
  return one
end

local OPTIONS = { token = "canary-misuse" }
local CHANGES = { label = "x" }
local value = core.secret.value "canary-misuse-value"

-- What is called, with what, and a part of what it says.
local CASES = {
  { "secret.value", { 1 }, "string expected" },
  { "secret.value", { ("x"):rep(65537) }, "longer than 64 KiB" },
  { "secret.env", { "" }, "without NUL" },
  { "secret.env", { "A\0B" }, "without NUL" },
  { "secret.file", {}, "string expected" },
  { "secret.fd", { -1 }, "out of range" },
  { "secret.fd", { 65536 }, "out of range" },
  { "secret.fd", { 0 / 0 }, "out of range" },
  { "secret.call", { 1 }, "function expected" },
  { "secret.fill", { value, "x" }, "only a secret made by secret.call" },
  { "secret.fill", { core.secret.call(print), 1 }, "string expected" },
  { "secret.fill", { "x", "x" }, "secret expected" },
  { "secret.reveal", { io.stdout }, "secret expected" },
  { "secret.loader", {}, "secret expected" },
  { "system.wait", { -1 }, "0 to 86400" },
  { "system.wait", { 86401 }, "0 to 86400" },
  { "system.wait", { 0 / 0 }, "0 to 86400" },
  { "client.new", { 1 }, "table expected" },
  { "client.close", { 1 }, "client expected" },
  { "client.close", { io.stdout }, "client expected" },
  { "datastore.update", { value, "id", CHANGES, OPTIONS }, "client expected" },
  { "datastore.update", { closed(), "id", CHANGES, OPTIONS }, "is closed" },
  { "datastore.update", { client(), 1, CHANGES, OPTIONS }, "string expected" },
  { "datastore.update", { client(), "id", 1, OPTIONS }, "table expected" },
  { "datastore.update", { client(), "id", CHANGES }, "table expected" },
  { "datastore.update",
    { client(), "id", CHANGES, { token = "x", headers = 1 } },
    "table expected" },
  { "datastore.get", { client(), 1, OPTIONS }, "string expected" },
  { "datastore.get", { client(), "id" }, "table expected" },
  { "datastore.list", { client(), "x", OPTIONS }, "table expected" },
  { "datastore.create", { client(), nil, OPTIONS }, "table expected" },
  { "datastore.delete", { client(), {}, OPTIONS }, "string expected" },
  { "datastore.test", { client(), "id", {}, {}, OPTIONS }, "string expected" },
  { "datastore.test", { client(), "id", "method", 1, OPTIONS },
    "table expected" },
  { "background.start", { 1, "update", "id", CHANGES, OPTIONS },
    "client expected" },
  { "background.start", { client(), 1, "id", CHANGES, OPTIONS },
    "not an operation" },
  { "background.start", { client(), "patch", "id", CHANGES, OPTIONS },
    "not an operation" },
  { "background.number", { 1 }, "exchange expected" },
  { "background.descriptor", { value }, "exchange expected" },
  { "background.done", { io.stdout }, "exchange expected" },
  { "background.finish", { 1, 1 }, "client expected" },
  { "background.finish", { client(), client() }, "exchange expected" },
  { "background.cancel", { value, 1 }, "client expected" },
  { "background.cancel", { client(), 1 }, "exchange expected" },
  { "background.limit", { 0, 1 }, "up to 2048" },
  { "background.limit", { 2049, 1 }, "up to 2048" },
  { "background.limit", { 1, -1 }, "up to 2048" },
  { "background.limit", { 1, 2049 }, "up to 2048" },
  { "background.limit", { 1, 0 / 0 }, "up to 2048" },
  { "background.keep_idle", { 0 }, "0.001 to 300" },
  { "background.keep_idle", { 301 }, "0.001 to 300" },
  { "background.keep_idle", { 0 / 0 }, "0.001 to 300" },
}

describe("misuse of the C functions raises:", function()
  for i, case in ipairs(CASES) do
    local name, arguments, part = case[1], case[2], case[3]
    it(("%s (%d, A01)"):format(name, i), function()
      local group, called = name:match "(%a+)%.([%a_]+)"
      local done, message = pcall(core[group][called],
        arguments[1], arguments[2], arguments[3], arguments[4], arguments[5])
      assert.is_false(done)
      assert.matches(part, message, 1, true)
      assert.is_nil(message:find("canary", 1, true))
    end)
  end

  it("a thread that was not started has no address and no counts", function()
    background.stop()
    assert.is_nil(core.background.address())
    assert.is_nil(core.background.counts())
  end)
end)
