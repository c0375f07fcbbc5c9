local secret = require "truto.secret"

-- A child process's environment is the only one that a spec can choose.
local function run(variables, code)
  local command = ("%s %s -e '%s' 2>&1"):format(variables,
    require "support.vm".command, code)
  local pipe = assert(io.popen(command))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local function temporary(content)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(content)
  file:close()
  return path
end

describe("a secret", function()
  it("shows as [secret] and nothing else", function()
    local value = secret "canary-1"
    assert.equal("[secret]", tostring(value))
    assert.equal("[secret]", ("%s"):format(tostring(value)))
    assert.equal("truto.secret", getmetatable(value))
  end)

  it("cannot be concatenated, and says what to do", function()
    for _, join in ipairs {
      function() return secret "canary-2" .. "x" end,
      function() return "x" .. secret "canary-2" end,
    } do
      local ok, message = pcall(join)
      assert.is_false(ok)
      assert.matches("reveal", message, 1, true)
      assert.is_nil(message:find("canary", 1, true))
    end
  end)

  it("equals no string, and no other secret", function()
    assert.is_false(secret "a" == "a")
    assert.is_false(secret "a" == secret "a")
  end)

  it("cannot be serialised by lua-cjson", function()
    local ok, message = pcall(require "cjson".encode, { secret "canary-3" })
    assert.is_false(ok)
    assert.is_nil(tostring(message):find("canary", 1, true))
  end)

  it("gives its string by reveal, with any bytes", function()
    for _, text in ipairs { "", "a", "\0b\255", ("x"):rep(60000) } do
      assert.equal(text, secret(text):reveal())
    end
  end)

  it("refuses what is not a string", function()
    for _, value in ipairs { 1, true, {} } do
      assert.has_error(function() return secret(value) end)
    end
  end)

  it("refuses more than 64 KiB", function()
    assert.has_error(function() return secret(("x"):rep(65537)) end)
  end)

  it("keeps nothing that debug can reach (A15)", function()
    local value = secret "canary-4"
    local held = debug.getuservalue and debug.getuservalue(value)
    assert.is_true(held == nil or next(held) == nil)
  end)

  it("is told from other values by is", function()
    assert.is_true(secret.is(secret "a"))
    for _, value in ipairs { "a", 1, {}, io.stdout } do
      assert.is_false(secret.is(value))
    end
  end)
end)

describe("secret.call", function()
  it("that returns too much is an error, not a raise", function()
    local value, err =
      secret.call(function() return ("x"):rep(65537) end):reveal()
    assert.is_nil(value)
    assert.same({ "setup", "secret_unreadable" }, { err.kind, err.code })
    assert.matches("64 KiB", err.message, 1, true)
  end)
end)

describe("the token in place of its file", function()
  it("is not shown (S09)", function()
    local output = run("TRUTO_API_TOKEN= TRUTO_API_TOKEN_FILE=canary-5",
      'local _, err = require("truto").datastore.update("a", '
      .. '{ label = "x" }) print(err.code, err)')
    assert.matches("^secret_unreadable", output)
    assert.matches("that TRUTO_API_TOKEN_FILE names: No such file", output, 1,
      true)
    assert.is_nil(output:find("canary", 1, true))
  end)
end)

describe("secret.file", function()
  it("reads the file when needed, without its last newline", function()
    for content, expected in pairs {
      ["key\n"] = "key", ["key\r\n"] = "key", ["key"] = "key",
      ["two\nlines\n"] = "two\nlines", ["key\n\n"] = "key\n",
      [""] = "", ["\n"] = "", ["\r\n"] = "", ["\r"] = "",
    } do
      local path = temporary(content)
      assert.equal(expected, secret.file(path):reveal())
      os.remove(path)
    end
  end)

  it("names the file when it cannot be read", function()
    local value, err = secret.file("/nonexistent/token"):reveal()
    assert.is_nil(value)
    assert.equal("setup", err.kind)
    assert.equal("secret_unreadable", err.code)
    assert.matches("/nonexistent/token", err.message, 1, true)
  end)

  it("can be read again after a failure", function()
    local path = os.tmpname()
    os.remove(path)
    local value = secret.file(path)
    assert.is_nil((value:reveal()))
    local file = assert(io.open(path, "w"))
    file:write "later\n"
    file:close()
    assert.equal("later", value:reveal())
    os.remove(path)
  end)

  it("refuses a directory and a file over 64 KiB", function()
    local path = temporary(("x"):rep(65537))
    for _, place in ipairs { "/", path } do
      local value, err = secret.file(place):reveal()
      assert.is_nil(value)
      assert.equal("secret_unreadable", err.code)
    end
    os.remove(path)
  end)
end)

describe("secret.env", function()
  it("refuses more than 64 KiB", function()
    local output = run("BIG=$(head -c 65537 /dev/zero | tr '\\0' x)",
      'print(select(2, require("truto.secret").env("BIG"):reveal()))')
    assert.matches("variable BIG: File too large", output, 1, true)
  end)

  it("reads the variable when needed", function()
    local output = run("CANARY=value-1", [[
      print((require "truto.secret".env "CANARY"):reveal())]])
    assert.equal("value-1\n", output)
  end)

  it("names the variable that is not set", function()
    local value, err = secret.env("TRUTO_SPEC_UNSET"):reveal()
    assert.is_nil(value)
    assert.equal("secret_missing", err.code)
    assert.equal("the environment variable TRUTO_SPEC_UNSET is not set",
      err.message)
  end)
end)

describe("secret.stdin and secret.fd", function()
  it("read a pipe to its end", function()
    local output = run("printf 'piped\\n' |", [[
      print((require "truto.secret".stdin()):reveal())]])
    assert.equal("piped\n", output)
  end)

  it("name the descriptor when it is not open", function()
    local value, err = secret.fd(987):reveal()
    assert.is_nil(value)
    assert.matches("descriptor 987", err.message, 1, true)
  end)

  it("refuse what is no descriptor", function()
    for _, value in ipairs { -1, 1e9, 0 / 0, "x" } do
      assert.has_error(function() return secret.fd(value) end)
    end
  end)
end)

describe("secret.call", function()
  it("calls once, when needed", function()
    local calls = 0
    local value = secret.call(function()
      calls = calls + 1
      return "made"
    end)
    assert.equal(0, calls)
    assert.equal("made", value:reveal())
    assert.equal("made", value:reveal())
    assert.equal(1, calls)
  end)

  it("may yield", function()
    local value = secret.call(function() return coroutine.yield() end)
    local thread = coroutine.create(function() return value:reveal() end)
    coroutine.resume(thread)
    local resumed, text = coroutine.resume(thread, "later")
    if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
      assert.is_false(resumed) -- its pcall cannot be yielded across
    else
      assert.is_true(resumed)
      assert.equal("later", text)
    end
  end)

  it("repeats nothing of an error, which may hold the secret", function()
    local value, err = secret.call(function() error "canary-5" end):reveal()
    assert.is_nil(value)
    assert.equal("setup", err.kind)
    assert.is_nil(tostring(err):find("canary", 1, true))
  end)

  it("refuses a result that is no string", function()
    local value, err = secret.call(function() return 5 end):reveal()
    assert.is_nil(value)
    assert.matches("no string", err.message, 1, true)
  end)
end)
