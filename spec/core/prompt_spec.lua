-- secret.prompt, at a terminal of its own (support/terminal_session.py).

local cjson = require "cjson"
local vm = require "support.vm"

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local ASK = [[
  local secret = require "truto".secret.prompt "S3 secret: "
  local function ask()
    local text, err = secret:reveal()
    print("<" .. (text or err.kind .. " " .. err.code) .. ">")
  end
  ask()
  ask()
  io.stdout:flush()
]]

-- What a session at the terminal comes to; see terminal_session.py.
local function session(steps, code)
  local command = "python3 spec/support/terminal_session.py %s %s -e %s"
  local output = output_of(command:format(quoted(cjson.encode(steps)),
    vm.command, quoted(code or ASK)))
  return cjson.decode(output)
end

describe("secret.prompt", function()
  it("asks once, and shows nothing of what is typed", function()
    local seen = session { { "S3 secret: ", "canary-typed\n" } }
    assert.equal("S3 secret: \r\n<canary-typed>\r\n<canary-typed>\r\n",
      seen.output)
    assert.same({ false }, seen.echo)
    assert.is_true(seen.echo_after)
  end)

  it("reads all that a terminal has in a line, also backspace", function()
    local seen = session { { "S3 secret: ",
      ("x"):rep(3000) .. "yz\127" .. "\n" } }
    assert.matches("<" .. ("x"):rep(3000) .. "y>", seen.output, 1, true)
  end)

  it("asks again when nothing was typed", function()
    local seen = session { { "S3 secret: ", "\n" }, { "S3 secret: ", "k\n" } }
    assert.equal("S3 secret: \r\n<>\r\nS3 secret: \r\n<k>\r\n", seen.output)
  end)

  it("ends by Ctrl-C as interrupted, the terminal as before (C06)", function()
    local seen = session { { "S3 secret: ", "half\3" },
      { "interrupted>\r\nS3 secret: ", "whole\n" } }
    assert.equal("<interrupted interrupted>", seen.output:match "<.->")
    assert.matches("<whole>", seen.output, 1, true)
    assert.is_nil(seen.output:find("half", 1, true))
    assert.is_true(seen.echo_after)
    assert.equal(0, seen.code)
  end)

  for name, number in pairs { TERM = 15, HUP = 1, QUIT = 3 } do
    it("leaves the terminal as before when it is ended by SIG" .. name,
      function()
        local seen = session { { "S3 secret: ", { signal = name } } }
        assert.equal(number, seen.signal)
        assert.is_true(seen.echo_after)
      end)
  end

  it("stops by Ctrl-Z with the terminal as before, and asks again", function()
    local seen = session { { "S3 secret: ", { signal = "TSTP" } },
      { "S3 secret: ", "later\n" } }
    assert.same({ false, true, false }, seen.echo)
    assert.matches("<later>", seen.output, 1, true)
    assert.is_true(seen.echo_after)
  end)

  it("is an error of the setup where there is no terminal", function()
    local output = output_of("setsid -w " .. vm.command .. " -e " .. quoted [[
      local _, err = require "truto".secret.prompt():reveal()
      print(err.kind, err.code, err.message)]] .. " 2>&1 < /dev/null")
    assert.matches("^setup\tsecret_unreadable\tthere is no terminal", output)
  end)

  it("is asked for before the deadline begins", function()
    local seen = session({ { "Token: ", "t1\n" }, { "Key: ", "k1\n" } }, [[
      local truto, calls = require "truto", {}
      local clock = 0
      local driver = {
        now = function() calls[#calls + 1] = "now" return clock end,
        random = math.random,
        wait = function() return true end,
        attempt = function(_, _, _, _, sending)
          print("timeout " .. sending.timeout)
          return { id = "ds_1" }, nil, { elapsed = 0 }
        end,
      }
      local client = truto.new { driver = driver,
        base_url = "http://127.0.0.1:1", deadline = 10,
        token = truto.secret.prompt "Token: " }
      print(#calls)
      assert(client.datastore.update("ds_1",
        { config_secret = truto.secret.prompt "Key: " }))
      io.stdout:flush()]])
    assert.matches("timeout 10", seen.output, 1, true)
    assert.equal(0, seen.code)
  end)
end)
