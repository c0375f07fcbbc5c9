--- The sandbox as a process: how it starts, ends, and speaks.

local curl = require "support.curl"
local sandbox_module = require "truto.sandbox"

local quote, shell, is_refused = curl.quote, curl.shell, curl.is_refused
local bearer, request = curl.bearer, curl.request

local function folder_of(sandbox)
  return (sandbox.ca_file:match("^(.*)/[^/]*$"))
end

local function exists(path)
  return shell("test -e " .. quote(path) .. " && echo yes") == "yes"
end

--- Waits until the sandbox of a starter that is gone has ended too.
local function wait_until_gone(base_url, folder)
  for _ = 1, 200 do
    if is_refused(base_url) and not exists(folder) then return true end
    os.execute("sleep 0.05")
  end
  return false
end

--- The server's process id, found by its folder in the command line.
local function server_pid(sandbox)
  local pattern = folder_of(sandbox):match("[^/]*$"):gsub("%.", "[.]")
  return shell("pgrep -f " .. quote(pattern))
end

local function this_lua()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return arg[first]
end

describe("truto.sandbox", function()
  local sandbox

  setup(function()
    sandbox = assert(sandbox_module.start {
      rate_limit = { limit = 100000 },
    })
  end)

  teardown(function() sandbox.stop() end)

  describe("start", function()
    it("says where it is, who may call and whom to trust", function()
      assert.truthy(sandbox.base_url:find("^https://127%.0%.0%.1:%d+$"))
      assert.truthy(sandbox.token:find("^sandbox_%x+$"))
      assert.truthy(exists(sandbox.ca_file))
    end)

    it("keeps its folder to its user, and no key in it", function()
      assert.equal("700", shell("stat -c %a " .. quote(folder_of(sandbox))))
      assert.equal("", shell("grep -l 'PRIVATE KEY' "
        .. quote(folder_of(sandbox)) .. "/*.pem"))
    end)

    it("takes a token and a port", function()
      local first = assert(sandbox_module.start { token = "my-own.token" })
      local port = tonumber(first.base_url:match("%d+$"))
      assert.equal("my-own.token", first.token)
      first.stop()
      local second = assert(sandbox_module.start { port = port })
      assert.equal(first.base_url, second.base_url)
      second.stop()
    end)

    it("keeps the token out of the command line", function()
      local other = assert(sandbox_module.start { token = "canary-5f3e" })
      local line = shell("tr '\\0' ' ' < /proc/" .. server_pid(other)
        .. "/cmdline")
      other.stop()
      assert.truthy(line:find("truto.sandbox.server", 1, true))
      assert.falsy(line:find("canary", 1, true))
    end)

    it("runs two at once, each by itself", function()
      local other = assert(sandbox_module.start())
      assert.are_not.equal(sandbox.base_url, other.base_url)
      assert.are_not.equal(sandbox.token, other.token)
      assert.equal(200, (request(other, "GET", "/datastore/ds_s3")))
      other.stop()
      assert.equal(200, (request(sandbox, "GET", "/datastore/ds_s3")))
    end)

    it("finds its sources from any directory", function()
      local here = shell("pwd")
      local code = ("package.path = %q .. package.path"
        .. " local s, e = require('truto.sandbox').start()"
        .. " print(s and s.base_url or e)"):format(
          here .. "/lua/?.lua;" .. here .. "/lua/?/init.lua;")
      assert.truthy(shell(("cd / && %s -e %s 2>&1"):format(this_lua(),
        quote(code))):find("^https://"))
    end)

    it("names the remedy when no interpreter fits", function()
      local none, err = sandbox_module.start {
        interpreter = "/nowhere/it's lua",
      }
      assert.is_nil(none)
      assert.equal("setup", err.kind)
      assert.equal("sandbox_unavailable", err.code)
      assert.truthy(err.message:find("lua-http", 1, true))
      assert.truthy(err.message:find("luarocks install http", 1, true))
    end)

    it("tells why the server did not start", function()
      local port = tonumber(sandbox.base_url:match("%d+$"))
      local none, err = sandbox_module.start { port = port }
      assert.is_nil(none)
      assert.equal("setup", err.kind)
      assert.equal("sandbox_failed", err.code)
      assert.truthy(err.message:find("port " .. port .. " of 127.0.0.1: ", 1,
        true), err.message)
      assert.truthy(err.message:find("in use", 1, true), err.message)
      assert.falsy(err.message:find("traceback", 1, true))
    end)

    it("raises for wrong options and echoes no value", function()
      for _, case in ipairs {
        { { tokn = "canary" }, "option tokn; did you mean token?" },
        { { token = "canary\n" }, "token must be" },
        { { token = 17 }, "token must be" },
        { { port = 70000 }, "port must be" },
        { { port = 0.5 }, "port must be" },
        { { interpreter = "" }, "interpreter must be" },
        { { rate_limit = 5 }, "rate_limit must be" },
        { { rate_limit = { limit = 0 } }, "limit must be" },
        { { rate_limit = { limits = 1 } }, "did you mean limit?" },
        { { rate_limit = { headers = 1 } }, "headers must be true or false" },
        { "canary", "must be a table" },
        { { ["canary\n"] = 2 }, "unknown sandbox option" },
      } do
        local ok, message = pcall(sandbox_module.start, case[1])
        assert.is_false(ok)
        assert.truthy(message:find(case[2], 1, true), message)
        assert.falsy(message:find("canary", 1, true), message)
      end
    end)
  end)

  describe("the end", function()
    it("has come when stop returns, and may come again", function()
      local other = assert(sandbox_module.start())
      local folder = folder_of(other)
      other.stop()
      assert.is_true(is_refused(other.base_url))
      assert.is_false(exists(folder))
      other.stop()
    end)

    it("comes when the sandbox is collected, whoever has its pipe", function()
      local other = assert(sandbox_module.start())
      local base_url, folder = other.base_url, folder_of(other)
      local file = os.tmpname()
      os.execute("sleep 30 >/dev/null 2>&1 & echo $! > " .. file)
      other = nil -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
      assert.is_true(is_refused(base_url))
      assert.is_false(exists(folder))
      local pid = shell("cat " .. file)
      os.remove(file)
      assert.equal("sleep 30 ", shell("tr '\\0' ' ' < /proc/" .. pid
        .. "/cmdline"))
      os.execute("kill " .. pid)
    end)

    it("is cleaned up after a server that was killed", function()
      local other = assert(sandbox_module.start())
      os.execute("kill -9 " .. server_pid(other))
      other.stop()
      assert.is_false(exists(folder_of(other)))
    end)

    it("does not come by the terminal's signals", function()
      local pid = server_pid(sandbox)
      for _, name in ipairs { "INT", "QUIT", "HUP", "PIPE" } do
        os.execute("kill -" .. name .. " " .. pid)
      end
      assert.equal(200, (request(sandbox, "GET", "/datastore/ds_s3")))
    end)

    --- Starts a process of this Lua that runs `before`, starts a sandbox, then
    --- runs `more`.
    local function start_elsewhere(more, before)
      local out = os.tmpname()
      os.remove(out)
      shell("mkfifo " .. out)
      local code = ("package.path = %q %s"
        .. " local s = assert(require('truto.sandbox').start())"
        .. " print(s.base_url) print(s.ca_file) io.stdout:flush() %s")
        :format(package.path, before or "", more)
      local pipe = assert(io.popen(("exec >%s; echo $$; exec %s -e %s")
        :format(out, this_lua(), quote(code)), "w"))
      local file = assert(io.open(out))
      local pid, base_url, ca_file = file:read("*l"), file:read("*l"),
        file:read("*l")
      file:close()
      os.remove(out)
      return pipe, pid, base_url, folder_of { ca_file = ca_file }
    end

    it("comes when the starter ends without a word", function()
      local pipe, _, base_url, folder = start_elsewhere("io.read() os.exit(0)")
      assert.is_false(is_refused(base_url))
      pipe:write("\n")
      pipe:close()
      assert.is_true(wait_until_gone(base_url, folder))
    end)

    it("comes with the end of its input alone", function()
      local pipe, pid, base_url, folder = start_elsewhere(
        "PIPE:close() io.read()",
        "local launcher = require('truto.sandbox.launcher')"
        .. " local run = launcher.run launcher.run = function(...)"
        .. " PIPE = run(...) return PIPE end")
      local gone = wait_until_gone(base_url, folder)
      os.execute("kill -9 " .. pid)
      pipe:close()
      assert.is_true(gone)
    end)

    it("comes when the starter is killed", function()
      local pipe, pid, base_url, folder = start_elsewhere("io.read()")
      assert.is_false(is_refused(base_url))
      os.execute("kill -9 " .. pid)
      pipe:close()
      assert.is_true(wait_until_gone(base_url, folder))
    end)

    it("comes although a child of the starter keeps the pipe open", function()
      local pipe, pid, base_url, folder = start_elsewhere(
        "os.execute('exec sleep 20 >/dev/null 2>&1 </dev/null &') io.read()")
      assert.is_false(is_refused(base_url))
      os.execute("kill -9 " .. pid)
      pipe:close()
      assert.is_true(wait_until_gone(base_url, folder))
    end)
  end)

  describe("transport", function()
    it("speaks HTTP/2 and HTTP/1.1, by ALPN", function()
      for flag, version in pairs {
        ["--http2"] = "2", ["--http1.1"] = "1.1",
      } do
        assert.equal(version, curl.run(sandbox, table.concat({ flag,
          bearer(sandbox), "-o /dev/null -w '%{http_version}'",
          sandbox.base_url .. "/datastore" }, " ")))
      end
    end)

    it("changes a datastore over HTTP/2", function()
      local status, body = request(sandbox, "PATCH", "/datastore/ds_mongo", {
        flags = "--http2",
        json = { label = "over h2" },
      })
      assert.equal(200, status)
      assert.equal("over h2", body.label)
    end)

    it("is valid for localhost too, and only with its authority", function()
      local port = sandbox.base_url:match("%d+$")
      local url = "https://localhost:" .. port .. "/datastore"
      assert.equal("401", curl.run(sandbox,
        "--ipv4 -o /dev/null -w '%{http_code}' " .. url))
      assert.equal("60", shell("curl -q -s --noproxy '*' --ipv4 " .. url
        .. "; echo $?"))
    end)

    it("refuses TLS 1.1 and plain HTTP", function()
      assert.equal("35", curl.run(sandbox, "--tls-max 1.1 -o /dev/null "
        .. sandbox.base_url .. " >/dev/null 2>&1; echo $?"):match("%d+$"))
      local plain = sandbox.base_url:gsub("^https", "http")
      assert.are_not.equal("0", shell("curl -q -s --noproxy '*' " .. plain
        .. "; echo $?"):match("%d+$"))
    end)

    it("keeps connections", function()
      local url = sandbox.base_url .. "/datastore/ds_s3"
      for _, version in ipairs { "--http1.1 ", "--http2 " } do
        assert.equal("1 0 0 0 ", curl.run(sandbox, version
          .. bearer(sandbox) .. " -w '%{num_connects} '"
          .. (" -o /dev/null " .. url):rep(4)))
      end
    end)

    it("answers a client that waits for 100 Continue", function()
      local output = curl.run(sandbox, table.concat({ "--http1.1 -i",
        bearer(sandbox), "-X PATCH -H 'Content-Type: application/json'",
        "-H 'Expect: 100-continue' --expect100-timeout 20",
        "-d '{\"label\":\"patient\"}'",
        sandbox.base_url .. "/datastore/ds_mongo" }, " "))
      assert.truthy(output:find("^HTTP/1.1 100"))
      assert.truthy(output:find('"patient"', 1, true))
    end)
  end)
end)
