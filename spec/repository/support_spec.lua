--- The harness itself: what the other specs rely on.

local fault_server = require "support.server"
local system = require "system"

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The exit code and the output of a shell command.
local function run(command)
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>&1; echo \" $?\""))
  local output, code = pipe:read("*a"):match("^(.*) (%d+)\n$")
  pipe:close()
  return tonumber(code), output
end

local function interpreter()
  local index = 0
  while arg[index - 1] do index = index - 1 end
  return arg[index]
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function temporary_folder()
  local _, path = run "mktemp -d"
  path = path:gsub("%s+$", "")
  finally(function() os.execute("rm -rf " .. quote(path)) end)
  return path
end

local function curl(server, rest)
  return run("curl -sS -q --noproxy '*' --max-time 60 -o /dev/null -w "
    .. "'%{http_code} ' -X PATCH -d '{}' --cacert "
    .. quote(server.ca_file) .. " " .. rest)
end

-- Not by its process id: an orphan that ended may stay as a zombie.
local function wait_until_refused(url)
  local limit = system.monotime() + 10
  while run("curl -q --noproxy '*' --max-time 1 " .. url) ~= 7 do
    assert(system.monotime() < limit, "the server goes on")
    system.sleep(0.01)
  end
end

describe("the fault server", function()
  local server

  setup(function() server = fault_server.shared() end)
  before_each(function() server:reset() end)
  after_each(function()
    for _, entry in ipairs(server:events()) do
      assert.is_nil(entry.trace, "the server itself broke")
    end
  end)

  it("records a request as it was sent", function()
    local bytes = {}
    for code = 0, 255 do bytes[#bytes + 1] = string.char(code) end
    local body = table.concat(bytes)
    local path = os.tmpname()
    finally(function() os.remove(path) end)
    write(path, body)
    curl(server, "-H 'X-A: \255' -H 'x-b;' --path-as-is --data-binary @" .. path
      .. " " .. server:url "https" .. "/datastore/../a%2Fb?q")
    local entry = server:wait_for "request"
    assert.equal("PATCH", entry.method)
    assert.equal("/ok/datastore/../a%2Fb?q", entry.path)
    assert.equal("\255", entry:header "x-a")
    assert.equal("", entry:header "x-b")
    -- curl joins the two -d by "&".
    assert.equal("{}&" .. body, entry.body)
    assert.equal("localhost", entry.sni)
    assert.equal(1, #server:log())
  end)

  -- `also`: what newer versions of curl call the same end.
  local ends = {
    { "https", "ok", code = 0, status = "200" },
    { "https", "status=429,retry-after=7", code = 0, status = "429" },
    { "https", "redirect=307,to=other", code = 0, status = "307" },
    { "https", "echo-token", code = 0, status = "401" },
    { "https", "no-such-fault", code = 0, status = "501" },
    { "http", "close-after-read", code = 52 },
    { "https", "close-after-read", code = 52, also = 56 },
    { "http", "reset-after-read", code = 56 },
    { "https", "reset-after-read", code = 56 },
    { "https", "short-body", code = 18, status = "200", also = 56 },
    { "https", "short-chunk", code = 18, status = "200", also = 56 },
    { "https", "garbage-status-line", code = 1 },
    { "https", "bad-chunk", code = 56, status = "200" },
    { "http", "until-close", code = 0, status = "200" },
    { "https", "http10", code = 0, status = "200" },
    { "https", "status=200,body=large,size=5000000,chunked=1", code = 0,
      status = "200" },
    { "https", "early-response", code = 0, status = "413", requests = 0 },
    { "refused", "ok", code = 7, requests = 0 },
    { "wrong_host", "ok", code = 60, requests = 0 },
    { "expired", "ok", code = 60, requests = 0 },
    { "unknown_ca", "ok", code = 60, requests = 0 },
    { "tls11", "ok", code = 35, requests = 0 },
    { "close_handshake", "ok", code = 35, requests = 0 },
    { "plain_answer", "ok", code = 35, requests = 0 },
    { "close_before_read", "ok", code = 52, requests = 0 },
  }

  for _, case in ipairs(ends) do
    local listener, fault = case[1], case[2]
    it("does " .. fault .. " at " .. listener, function()
      local code, output = curl(server, "--tlsv1.2 "
        .. server:url(listener, fault) .. "/datastore/x")
      assert.equal(case.code, code == case.also and case.code or code)
      assert.equal(case.status or "000", output:match "(%d%d%d) $")
      assert.equal(case.requests or 1, #server:log())
    end)
  end

  it("never answers where that is the fault", function()
    for _, where in ipairs { server:url("https", "silent"),
      server:url("https", "stall-body"), server:url "stalled_handshake",
      server:url "backlog_full", server:url "proxy_silent" } do
      local code = curl(server, "--max-time 0.3 " .. where .. "/datastore/x")
      assert.equal(28, code)
    end
  end)

  it("ends a reused connection, and counts what comes again", function()
    local url = server:url("http", "reuse-close") .. "/datastore/"
    curl(server, url .. "a -o /dev/null " .. url .. "b")
    local log = server:log()
    -- curl itself sends the second one again: what truto must not do.
    assert.equal(3, #log)
    assert.equal(log[1].connection, log[2].connection)
    assert.not_equal(log[1].connection, log[3].connection)
  end)

  it("fails as often as asked, counted by path", function()
    local path = "/datastore/" .. server.pid .. _VERSION:gsub("%W", "")
    local url = server:url("https", "fail-then-ok,times=2,status=502") .. path
    local _, output = curl(server, url .. " -o /dev/null " .. url
      .. " -o /dev/null " .. url)
    assert.equal("502 502 200 ", output)
  end)

  it("stops a huge answer when the peer goes", function()
    run("curl -s -q " .. server:url("http", "chunked-huge,size=1e9")
      .. "/x | head -c 1000")
    assert.is_true(server:wait_for("written").bytes < 5e8)
  end)

  it("tunnels, and shows what the proxy saw", function()
    curl(server, "--noproxy '' -H 'Authorization: Bearer t' -x "
      .. server.urls.proxy .. " " .. server:url "https" .. "/datastore/x")
    assert.is_nil(server:wait_for("proxy").raw:find "Bearer")
    assert.equal(1, #server:log())
  end)

  it("asks for a client certificate", function()
    curl(server, "--cert " .. server.files.client .. " --key "
      .. server.files.key .. " " .. server:url "client_cert")
    assert.equal("truto spec client", server:wait_for("handshake").client)
  end)

  it("raises when nothing comes", function()
    assert.error_matches(function()
      server:wait_for("no such event", 0)
    end, "no such entry in the log")
  end)
end)

describe("a fault server of one's own", function()
  it("obeys its commands and leaves nothing", function()
    local server = fault_server.start()
    finally(function() server:stop() end)
    assert.equal(0, (curl(server, server:url "rotating")))
    server:command "certificate rotating expired"
    assert.equal(60, (curl(server, server:url "rotating")))
    server:command "stop-accept http"
    assert.equal(7, (curl(server, server:url "http")))
    server:stop()
    server:stop()
    assert.not_equal(0, (run("kill -0 " .. server.pid)))
    assert.not_equal(0, (run("ls " .. quote(server.folder))))
  end)

  it("stops although it was halted", function()
    local server = fault_server.start()
    finally(function() server:stop() end)
    assert.equal(0, (run("kill -STOP " .. server.pid)))
    server:stop()
    assert.not_equal(0, (run("kill -0 " .. server.pid)))
  end)

  it("ends with its parent, even a killed one", function()
    local script = temporary_folder() .. "/parent.lua"
    write(script, ([[
      package.path = %q
      package.cpath = %q
      local server = require("support.server").start()
      print(server.http .. " " .. server.folder)
      io.stdout:flush()
      local stat = io.open "/proc/self/stat"
      os.execute(stat and "kill -9 " .. stat:read "*n" or "kill -9 $PPID")
    ]]):format(package.path, package.cpath))
    local _, output = run(interpreter() .. " " .. quote(script))
    local url, folder = output:match "(http:%S+) (%S+)"
    wait_until_refused(url)
    assert.not_equal(0, (run("ls " .. quote(folder))))
  end)

  it("says why it cannot start", function()
    local script = temporary_folder() .. "/parent.lua"
    write(script, ([[
      package.path = %q
      package.cpath = %q
      print(pcall(require("support.server").start))
    ]]):format(package.path, package.cpath))
    local tools = temporary_folder()
    for _, name in ipairs { "mktemp", "mkfifo", "rm", "sh", interpreter() } do
      run(("ln -s \"$(command -v %s)\" %s/"):format(name, quote(tools)))
    end
    local _, output = run(("PYTHON= PATH=%s %s %s"):format(quote(tools),
      interpreter():match "[^/]+$", quote(script)))
    assert.matches("the fault server did not start: .*python3", output)
  end)
end)

describe("the runner", function()
  local ROOT = debug.getinfo(1, "S").source
    :match "^@(.*)spec/repository/support_spec"

  -- Runs one spec file; gives the exit code, the output and the counts.
  local function run_spec(text)
    local folder, counts = temporary_folder(), os.tmpname()
    finally(function()
      os.remove(counts)
      os.execute("rm -rf " .. quote(folder))
    end)
    write(folder .. "/one_spec.lua", text)
    local root = ROOT
    if root:sub(1, 1) ~= "/" then
      local _, here = run "pwd"
      root = here:gsub("\n", "") .. "/" .. root
    end
    local code, output = run(("cd %s && TRUTO_TEST_RESULTS=%s %s %s ."):format(
      quote(folder), quote(counts), interpreter(),
      quote(root .. "spec/support/run.lua")))
    local file = assert(io.open(counts))
    local line = file:read "*l"
    file:close()
    return code, output, line
  end

  it("counts, and ends with 0", function()
    local code, output, counts = run_spec [[
      it("passes", function() end)
      it("is late", function() pending "no such machine" end)
    ]]
    assert.equal(0, code)
    assert.matches("SKIPPED %S*one_spec.lua:2: is late: .*no such machine",
      output)
    assert.matches("\n[%w. ]+: 1 passed, 0 failed, 1 skipped\n$", output)
    assert.equal("1 0 1", counts)
  end)

  it("shows where and what failed", function()
    local code, output, counts = run_spec [[
      describe("sums", function()
        it("fails", function() assert.equal(2, 3) end)
        it("breaks", function() error "broken" end)
        it("passes", function() end)
      end)
    ]]
    assert.not_equal(0, code)
    assert.matches("FAILED %S*one_spec.lua:2: sums fails", output)
    assert.matches("Expected objects to be equal", output)
    assert.matches("ERROR %S*one_spec.lua:3: sums breaks", output)
    assert.matches("stack traceback", output)
    assert.equal("1 2 0", counts)
  end)

  it("counts a file that does not load as failed", function()
    local code, output, counts = run_spec "this is not Lua"
    assert.not_equal(0, code)
    assert.matches("ERROR .*one_spec.lua", output)
    assert.equal("0 1 0", counts)
  end)

  it("fails when a spec leaves a file behind", function()
    local code, output, counts = run_spec [[
      it("leaves", function() io.open("junk", "w"):close() end)
    ]]
    assert.not_equal(0, code)
    assert.matches("left behind: junk", output)
    assert.equal("1 1 0", counts)
  end)
end)
