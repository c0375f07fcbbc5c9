local cjson = require "cjson"
local shapes = require "truto.config.shapes"
local truto = require "truto"

local KEY = "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n"

local function examples()
  local values = { private_key = KEY }
  for _, field in ipairs(shapes[2].fields[2].fields) do
    values[field.name] = values[field.name] or field.example
  end
  return values
end

describe("service_account", function()
  local path

  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function write(content)
    local file = assert(io.open(path, "wb"))
    file:write(type(content) == "table" and cjson.encode(content) or content)
    file:close()
  end

  local function assert_refused(code, culprit)
    local credentials, err = truto.config.service_account(path)
    assert.is_nil(credentials)
    assert.equal("setup", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal(code, err.code)
    assert.matches(culprit, err.message, 1, true)
    assert.is_nil(tostring(err):find("canary", 1, true))
    return err
  end

  it("reads a key file and holds the private key as a secret", function()
    write(examples())
    local credentials = assert(truto.config.service_account(path))
    assert.is_true(truto.secret.is(credentials.private_key))
    assert.equal(KEY, credentials.private_key:reveal())
    credentials.private_key = KEY
    assert.same(examples(), credentials)
  end)

  it("gives what the checker accepts", function()
    write(examples())
    local ok, err, meta = truto.config.validate("google_cloud_storage", {
      bucket = "b",
      credentials = truto.config.service_account(path),
    })
    assert.is_true(ok, tostring(err))
    assert.same({ warnings = {} }, meta)
  end)

  it("leaves out what the reference page does not name", function()
    local values = examples()
    values.another_field = { "x" }
    write(values)
    local credentials = assert(truto.config.service_account(path))
    assert.is_nil(credentials.another_field)
  end)

  it("does not ask for the fields that are no use to it", function()
    write { type = "service_account", client_email = "a@b.c",
      private_key = KEY }
    assert.is_table(truto.config.service_account(path))
  end)

  it("says which file cannot be read", function()
    os.remove(path)
    local err = assert_refused("key_file_unreadable", path)
    assert.matches("No such file", err.message, 1, true)
  end)

  it("says that a folder cannot be read", function()
    local file = path
    path = file:match("^(.*)/")
    assert_refused("key_file_unreadable", path)
    path = file
  end)

  it("says that an empty file is empty", function()
    write ""
    assert_refused("key_file_unreadable", "it is empty")
  end)

  it("refuses what is not a JSON object", function()
    for _, content in ipairs { "canary", "[]x", "{\"type\": \"canary",
      "5", "null", "\"canary\"",
      "{\"a\":" .. ("["):rep(64) .. "\"canary\"" .. ("]"):rep(64) .. "}" } do
      write(content)
      assert_refused("key_file_invalid", "is not a JSON object")
    end
  end)

  it("refuses a list", function()
    write "[\"canary\"]"
    assert_refused("key_file_invalid", "it has no type")
  end)

  it("refuses another kind of key file", function()
    write { type = "authorized_user", refresh_token = "canary" }
    local err = assert_refused("key_file_invalid", "must be")
    assert.is_nil(err.message:find("authorized_user", 1, true))
  end)

  it("refuses a key file that lacks what makes it one", function()
    for _, name in ipairs { "type", "client_email", "private_key" } do
      local values = examples()
      values[name] = nil
      write(values)
      assert_refused("key_file_invalid", "it has no " .. name)
    end
    local values = examples()
    values.private_key = ""
    write(values)
    assert_refused("key_file_invalid", "it has no private_key")
  end)

  it("refuses fields of the wrong type and masks", function()
    for name, value in pairs { client_id = 5, token_uri = "canary",
      private_key = "[REDACTED]", project_id = false } do
      local values = examples()
      values[name] = value
      write(values)
      assert_refused("key_file_invalid", name .. ": ")
    end
  end)

  it("leaves out optional members that are empty or null", function()
    local values = examples()
    for _, name in ipairs { "project_id", "client_id", "token_uri",
      "client_x509_cert_url", "universe_domain", "private_key_id" } do
      for _, value in ipairs { "", cjson.null } do
        values[name] = value
        write(values)
        assert.is_nil(assert(truto.config.service_account(path))[name])
      end
    end
    assert.is_true((truto.config.validate("google_cloud_storage",
      { credentials = truto.config.service_account(path) })))
  end)

  it("does not take null for what makes it a key file", function()
    for _, name in ipairs { "type", "client_email", "private_key" } do
      local values = examples()
      values[name] = cjson.null
      write(values)
      assert_refused("key_file_invalid", "it has no " .. name)
    end
  end)

  it("passes over a UTF-8 byte order mark", function()
    write("\239\187\191" .. cjson.encode(examples()))
    assert.is_table(truto.config.service_account(path))
  end)

  it("says of UTF-16 to save it as UTF-8", function()
    local text = cjson.encode(examples())
    local big, little = text:gsub(".", "\0%0"), text:gsub(".", "%0\0")
    for _, content in ipairs { "\254\255" .. big, "\255\254" .. little, big,
      little } do
      write(content)
      assert_refused("key_file_invalid", "save it as UTF-8")
    end
  end)

  it("takes a path with braces in it", function()
    os.remove(path)
    for _, suffix in ipairs { ".{eu}", "/{eu}" } do
      local content, folder = cjson.encode(examples()), path
      if suffix:find "/" then os.execute("mkdir " .. folder) end
      path = path .. suffix
      write(content)
      assert.is_table(truto.config.service_account(path))
      os.remove(path)
      path = folder
    end
    os.execute("rmdir " .. path)
    for _, relative in ipairs { "{env}/key.json", "{}.json", "{.json" } do
      local _, err = truto.config.service_account(relative)
      assert.matches(relative .. ": No such file", err.message, 1, true)
    end
  end)

  describe("with a secret in place of a path", function()
    local function of(text)
      return truto.config.service_account(truto.secret(text))
    end

    it("reads its content", function()
      local credentials = assert(of(cjson.encode(examples())))
      assert.equal(KEY, credentials.private_key:reveal())
      assert.equal(examples().client_email, credentials.client_email)
    end)

    it("reads a file through it", function()
      write(examples())
      assert.is_table(truto.config.service_account(truto.secret.file(path)))
    end)

    it("says what is wrong, and never repeats it", function()
      for text, culprit in pairs {
        canary = "is not a JSON object",
        ['{"type":"canary"}'] = "type: must be",
        ["\255\254c\0"] = "save it as UTF-8",
      } do
        local credentials, err = of(text)
        assert.is_nil(credentials)
        assert.equal("key_file_invalid", err.code)
        assert.matches("^the secret is not ", err.message)
        assert.matches(culprit, err.message, 1, true)
        assert.is_nil(tostring(err):find("canary", 1, true))
      end
    end)

    it("says why it cannot be read", function()
      local credentials, err =
        truto.config.service_account(truto.secret.env "TRUTO_SPEC_UNSET")
      assert.is_nil(credentials)
      assert.equal("setup", err.kind)
      assert.equal("secret_missing", err.code)
    end)
  end)

  it("reads no more than 64 KiB", function()
    local values = examples()
    values.another_field = ("x"):rep(64 * 1024)
    write(values)
    assert_refused("key_file_invalid", "is too large")
  end)

  it("does not repeat a key that was given as path (S09)", function()
    for _, content in ipairs { cjson.encode(examples()), KEY, "" } do
      local credentials, err = truto.config.service_account(content)
      assert.is_nil(credentials)
      assert.equal("key_file_unreadable", err.code)
      assert.is_nil(tostring(err):find("canary", 1, true))
    end
  end)

  it("raises for a path that is no string", function()
    for _, value in ipairs { 5, {}, true } do
      local ok, message = pcall(truto.config.service_account, value)
      assert.is_false(ok)
      assert.matches("path must be a string", message, 1, true)
    end
    assert.is_false(pcall(truto.config.service_account))
  end)

  it("neither reads nor changes the host's cjson settings (J16)", function()
    cjson.decode_max_depth(1)
    finally(function() cjson.decode_max_depth(1000) end)
    write(examples())
    assert.is_table(truto.config.service_account(path))
    assert.is_false(pcall(cjson.decode, "[[1]]"))
  end)
end)
