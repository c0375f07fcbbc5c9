-- Where secrets come from, and when they are looked at again.

local exchange = require "support.exchange"
local truto = require "truto"
local vm = require "support.vm"

local secret, server = truto.secret, exchange.server

local function shell(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function write(path, content)
  local file = assert(io.open(path, "wb"))
  file:write(content)
  file:close()
end

-- Makes a file's times old, as if it had stood there for a while.
local function age(path) shell("touch -d '1 hour ago' " .. path) end

local folder
before_each(function()
  folder = shell "mktemp -d":match "[^\n]+"
  server:reset()
end)
after_each(function() shell("rm -rf " .. folder) end)

local function sent()
  local keys = {}
  for i, entry in ipairs(server:log()) do
    keys[i] = require "cjson".decode(entry.body).config_secret
  end
  return keys
end

local function update(client, key)
  return client.datastore.update("ds_1", { config_secret = key })
end

describe("a secret file", function()
  local client, path, key
  before_each(function()
    client = exchange.client "record"
    path = folder .. "/key"
    write(path, "canary-one\n")
    age(path)
    key = secret.file(path)
    assert(update(client, key))
  end)
  after_each(function() client.close() end)

  it("that was written anew is read again (S12)", function()
    write(path, "canary-two\n")
    assert(update(client, key))
    assert.same({ "canary-one", "canary-two" }, sent())
  end)

  it("of the same size and within a tick of the clock, too (S12)", function()
    for i = 1, 20 do
      write(path, ("canary-%02d\n"):format(i))
      assert(update(client, key))
    end
    local keys = sent()
    for i = 1, 20 do assert.equal(("canary-%02d"):format(i), keys[i + 1]) end
  end)

  it("that was replaced by rename is read again (S12)", function()
    write(path .. ".new", "canary-two\n")
    age(path .. ".new")
    os.rename(path .. ".new", path)
    assert(update(client, key))
    assert.same({ "canary-one", "canary-two" }, sent())
  end)

  it("behind a symlink that is swapped is read again (S12)", function()
    -- As Kubernetes mounts secrets: key -> ..data/key, ..data -> a folder.
    shell(("cd %s && mkdir v1 v2 && printf canary-v1 > v1/key "
      .. "&& printf canary-v2 > v2/key && ln -s v1 ..data "
      .. "&& ln -s ..data/key mounted"):format(folder))
    age(folder .. "/v1/key")
    age(folder .. "/v2/key")
    local mounted = secret.file(folder .. "/mounted")
    assert(update(client, mounted))
    shell(("cd %s && ln -s v2 ..tmp && mv -T ..tmp ..data"):format(folder))
    assert(update(client, mounted))
    assert.same({ "canary-one", "canary-v1", "canary-v2" }, sent())
  end)

  it("that is empty now is an error now, never remembered (S12)", function()
    for _, empty in ipairs { "", "\n", " \r\n" } do
      write(path, empty)
      local _, err, meta = update(client, key)
      assert.same({ "validation", "empty_secret", "not_sent" },
        { err.kind, err.code, err.outcome })
      assert.equal("config_secret", err.issues[1].path)
      assert.matches(path, err.message, 1, true)
      assert.equal(0, meta.attempts)
    end
    write(path, "canary-back")
    assert(update(client, key))
    assert.same({ "canary-one", "canary-back" }, sent())
  end)

  it("that is gone now is an error now, never remembered (S12)", function()
    os.remove(path)
    local _, err = update(client, key)
    assert.same({ "setup", "secret_unreadable", "not_sent" },
      { err.kind, err.code, err.outcome })
    write(path, "canary-back")
    assert(update(client, key))
    assert.same({ "canary-one", "canary-back" }, sent())
  end)

  it("is looked at for every attempt of a call (S12)", function()
    local flaky = exchange.client("fail-then-ok,times=1", { max_attempts = 2,
      on_retry = function() write(path, "canary-second-attempt") end })
    assert(flaky.datastore.update("ds_" .. os.time() .. os.clock(),
      { config_secret = key }))
    flaky.close()
    local keys = sent()
    assert.same({ "canary-one", "canary-second-attempt" },
      { keys[#keys - 1], keys[#keys] })
  end)

  it("with the token is looked at as well (S12)", function()
    local own = exchange.client("record", { token = secret.file(path) })
    for _, token in ipairs { "canary-t1", "canary-t2", "canary-t3" } do
      write(path, token .. "\n")
      assert(own.datastore.update("ds_1", { label = "x" }))
      local log = server:log()
      assert.equal("Bearer " .. token, log[#log]:header "authorization")
    end
    own.close()
  end)

  it("that TRUTO_API_TOKEN_FILE names is looked at as well (S12)", function()
    local code = [[
      local truto, path = require "truto", os.getenv "TRUTO_API_TOKEN_FILE"
      for i = 1, 3 do
        local file = io.open(path, "w")
        file:write("canary-token-" .. i)
        file:close()
        assert(truto.datastore.update("ds_1", { label = "x" }))
      end]]
    assert.equal("", shell(("TRUTO_API_TOKEN= TRUTO_API_TOKEN_FILE=%s "
      .. "TRUTO_CA_FILE=%s TRUTO_BASE_URL=%s %s -e %s"):format(path,
      server.ca_file, server:url("https", "record"), vm.command,
      quoted(code))))
    local log = server:log()
    for i = 1, 3 do
      assert.equal("Bearer canary-token-" .. i,
        log[#log - 3 + i]:header "authorization")
    end
  end)
end)

describe("a pipe", function()
  it("is read once", function()
    local code = 'local value = require "truto".secret.file "/dev/fd/5" '
      .. "print(value:reveal(), value:reveal())"
    local output = shell("printf 'canary\\n' | " .. vm.command .. " -e "
      .. quoted(code) .. " 5<&0")
    assert.equal("canary\tcanary\n", output)
  end)

  it("with a name is waited for, once", function()
    local path = folder .. "/fifo"
    shell("mkfifo " .. path)
    local output = shell(("printf canary > %s & %s -e %s"):format(path,
      vm.command, quoted(('local value = require "truto".secret.file %q '
        .. 'print(value:reveal(), value:reveal())'):format(path))))
    assert.equal("canary\tcanary\n", output)
  end)

  it("is not read inside nginx, where it would stop the worker", function()
    local path = folder .. "/fifo"
    shell("mkfifo " .. path)
    for _, expression in ipairs { ("secret.file %q"):format(path),
      "secret.stdin()", 'secret.prompt "Key: "', "secret.fd(0)" } do
      local code = "ngx = { get_phase = function() end, socket = {} } "
        .. 'local secret = require "truto".secret '
        .. "local _, err = (" .. expression .. "):reveal() "
        .. "print(err.kind, err.code, err.message)"
      -- Open at both ends, so that a read would wait for ever.
      local output = shell(("timeout 20 %s -e %s 0<>%s")
        :format(vm.command, quoted(code), path))
      assert.matches("^setup\tsecret_unreadable\t", output)
      assert.matches("would stop the whole nginx worker", output, 1, true)
    end
  end)
end)

describe("an empty secret (S13)", function()
  local EMPTY = { "", "\n", "\r\n", " ", '""', "\239\187\191" }

  local function refused(key)
    local client = exchange.client "record"
    local datastore, err, meta = client.datastore.update("ds_s3",
      { config = { secret_access_key = key } }, { type = "s3" })
    local _, warned = client.datastore.update("ds_s3",
      { config = { secret_access_key = key } },
      { type = "s3", validate = "warn" })
    local _, in_header = client.datastore.update("ds_s3", { label = "x" },
      { headers = { ["X-Key"] = key } })
    client.close()
    assert.is_nil(datastore)
    for place, one in pairs { ["config.secret_access_key"] = err,
      ["headers.X-Key"] = in_header } do
      assert.same({ "validation", "empty_secret" }, { one.kind, one.code })
      assert.equal(place, one.issues[1].path)
    end
    assert.equal("empty_secret", warned.code)
    assert.equal(0, meta.attempts)
    assert.same({}, server:log())
    return err
  end

  it("is refused from a string, a value, a file and a function", function()
    for _, text in ipairs(EMPTY) do
      refused(secret(text))
      refused(secret.verbatim(text))
      write(folder .. "/key", text)
      assert.matches(folder, refused(secret.file(folder .. "/key")).message,
        1, true)
      refused(secret.call(function() return text end))
    end
  end)

  it("is refused from the environment, which is named", function()
    local code = [[
      local truto = require "truto"
      local client = assert(truto.new { token = "t",
        base_url = "http://127.0.0.1:1" })
      local _, err = client.datastore.update("ds_1",
        { config_secret = truto.secret.env "S3_SECRET" })
      print(err.code, err.outcome, err.message)]]
    for _, value in ipairs { "", " ", '""' } do
      local output = shell("S3_SECRET=" .. quoted(value) .. " " .. vm.command
        .. " -e " .. quoted(code))
      assert.matches("^empty_secret\tnot_sent\tconfig_secret: is empty",
        output)
      assert.matches("the environment variable S3_SECRET", output, 1, true)
    end
  end)

  it("from a function is asked for again", function()
    local client, given = exchange.client "record", ""
    local key = secret.call(function() return given end)
    assert.is_nil((update(client, key)))
    given = "canary-late"
    assert(update(client, key))
    client.close()
    assert.same({ "canary-late" }, sent())
  end)

  it("goes out as given with validate = false", function()
    local client = exchange.client("record", { validate = false })
    assert(update(client, ""))
    assert(update(client, secret ""))
    assert(client.datastore.update("ds_1", { config = {} }))
    client.close()
    assert.same({ "", "" }, { sent()[1], sent()[2] })
  end)

  it("as token is missing_token", function()
    for _, token in ipairs { "", "\n", secret " " } do
      local _, err = exchange.update("record", { token = token })
      assert.same({ "setup", "missing_token" }, { err.kind, err.code })
    end
    assert.same({}, server:log())
  end)
end)

describe("a placeholder (S13)", function()
  it("is refused in a secret as in a string", function()
    local client = exchange.client "record"
    for _, text in ipairs { "***", "<your_api_key>", "${VAR}", "[REDACTED]",
      "null", "undefined", "nil", "table: 0x5581c0de" } do
      write(folder .. "/key", text .. "\n")
      for _, key in ipairs { text, secret(text), secret.file(folder .. "/key"),
        secret.call(function() return text end) } do
        local _, err = client.datastore.update("ds_1", {
          config = { api_key = key }, config_secret = key,
        }, { type = "qdrant" })
        assert.same({ "validation", "placeholder_secret" },
          { err.kind, err.code })
        assert.equal("config.api_key", err.issues[1].path)
        assert.equal("config_secret", err.issues[2].path)
        assert.is_nil(err.message:find(text, 1, true))
      end
    end
    assert.same({}, server:log())
    client.close()
  end)

  it("is at most 128 bytes long, or only a mask", function()
    local client = exchange.client "record"
    for length, refused in pairs { [128] = true, [129] = false } do
      local text = "<" .. ("your api key "):rep(10):sub(1, length - 2) .. ">"
      assert.equal(length, #text)
      local _, err = update(client, text)
      assert.equal(refused and "placeholder_secret" or nil, err and err.code)
    end
    local _, err = update(client, ("*"):rep(1000))
    assert.equal("placeholder_secret", err.code)
    client.close()
    assert.equal(1, #server:log())
  end)

  it("is a warning with validate = \"warn\", once a call", function()
    local client = exchange.client("fail-then-ok,times=1",
      { max_attempts = 2, validate = "warn" })
    local _, err, meta = client.datastore.update("ds_p" .. os.time()
      .. os.clock(), { config_secret = secret "****" })
    client.close()
    assert.is_nil(err)
    assert.equal(2, meta.attempts)
    assert.equal(1, #meta.warnings)
    assert.equal("placeholder_secret", meta.warnings[1].code)
  end)

  it("as token is an error of the setup", function()
    for _, token in ipairs { "<your_token>", secret "${TRUTO_API_TOKEN}",
      function() return "****" end } do
      local _, err = exchange.update("record", { token = token })
      assert.same({ "setup", "placeholder_secret" }, { err.kind, err.code })
    end
    assert.same({}, server:log())
  end)

  it("that is a secret after all is sent by verbatim", function()
    local client = exchange.client "record"
    write(folder .. "/key", "****\n")
    local file = secret.file(folder .. "/key")
    for _, key in ipairs { secret.verbatim "****", secret.verbatim(file),
      secret.verbatim(secret.verbatim " 'x' "), file,
      secret.verbatim(secret.call(function() return "null\n" end)) } do
      local _, err, meta = update(client, key)
      assert.equal(key == file and "placeholder_secret" or nil,
        err and err.code)
      assert.same({}, meta.warnings)
    end
    client.close()
    assert.same({ "****", "****\n", " 'x' ", "null\n" }, sent())
  end)
end)

describe("a dirty secret (S13)", function()
  it("is sent with a warning, and refused by \"strict\"", function()
    local client = exchange.client "record"
    for _, text in ipairs { "key\n", "'key'", "KEY_ID=x1",
      "\239\187\191key" } do
      for _, key in ipairs { secret(text),
        secret.call(function() return text end) } do
        local datastore, _, meta = update(client, key)
        assert.is_table(datastore)
        assert.equal("dirty_secret", meta.warnings[1].code)
        assert.equal("config_secret", meta.warnings[1].path)
        local _, err = client.datastore.update("ds_1", { config_secret = key },
          { validate = "strict" })
        assert.equal("dirty_secret", err.code)
      end
    end
    client.close()
  end)

  it("of a variable is trimmed as a file is", function()
    local output = shell(("KEY=\"$(printf 'canary\\r\\n.')\" "
      .. "&& KEY=\"${KEY%%.}\" %s -e %s"):format(vm.command,
      quoted 'print(("%q"):format(require "truto".secret.env "KEY":reveal()))'))
    assert.equal('"canary"\n', output)
  end)

  it("as token is an invalid_token", function()
    for _, token in ipairs { "token\n", '"token"', "TRUTO_API_TOKEN=abc",
      "'abc'", "Bearer abc", "t\195\169" } do
      local _, err = exchange.update("record", { token = token })
      assert.same({ "setup", "invalid_token" }, { err.kind, err.code })
    end
    assert.same({}, server:log())
  end)

  it("as private key is never one", function()
    local client = exchange.client "record"
    local key = "\239\187\191 -----BEGIN PRIVATE KEY-----\nYQ==\n"
      .. "-----END PRIVATE KEY-----\n\n"
    local _, err, meta = client.datastore.update("ds_gcs", { config = {
      credentials = { private_key_id = "1", private_key = secret(key) },
    } })
    assert.is_nil(err)
    assert.same({}, meta.warnings)
    _, err = client.datastore.update("ds_gcs", { config = { credentials = {
      private_key_id = "1",
      private_key = secret((key:gsub("\n", "\\n"))),
    } } })
    client.close()
    assert.equal("invalid_private_key", err.code)
    assert.matches("\\n, a backslash and an n", err.message, 1, true)
  end)
end)

describe("what stands in the place of a name or path (S09)", function()
  local PEM = "-----BEGIN PRIVATE KEY----- canary -----END PRIVATE KEY-----"
  local function hidden(err)
    assert.is_table(err)
    assert.is_nil((tostring(err) .. err.message):find("canary", 1, true),
      err.message)
  end

  it("is not shown unless it looks like one", function()
    for _, text in ipairs { PEM, "canaryMIIEvQIBADANBg/kqhkiG9w0BAQEFAASC+w==",
      "canary-" .. ("x"):rep(300), "canary two words", "eyJcanary.eyJz.sig-_x",
      "/canary\n/key" } do
      hidden(select(2, secret.file(text):reveal()))
      hidden(select(2, secret.env(text):reveal()))
      hidden(select(2, truto.config.service_account(text)))
    end
    for _, text in ipairs { PEM, "canaryMIIEvQIBADANBg/kqhkiG9w0BAQEFAASC+w==" }
    do
      for _, option in ipairs { "ca_file", "client_cert", "client_key" } do
        local given = { token = "t", [option] = text }
        if option == "client_key" then given.client_cert = text end
        hidden(select(2, truto.new(given)))
      end
    end
    hidden(select(2, secret.env(("canary_"):rep(10)):reveal()))
  end)

  it("is shown where it does", function()
    for _, path in ipairs { "/none/key", "./none", "../none", "~/key",
      "key.pem", "service-account.json" } do
      for _, err in ipairs { select(2, secret.file(path):reveal()),
        (select(2, truto.config.service_account(path))) } do
        assert.matches(path, err.message, 1, true)
      end
      local _, err = truto.new { token = "t", ca_file = path }
      assert.matches(path, err.message, 1, true)
    end
    local _, err = secret.env("TRUTO_SPEC_UNSET"):reveal()
    assert.matches("TRUTO_SPEC_UNSET", err.message, 1, true)
  end)
end)
