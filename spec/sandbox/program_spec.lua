--- A program that is run inside a sandbox, as `make try` does it.

local vm = require "support.vm"

local function capture(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo status=$?"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function run(command, variables)
  return capture(("%s CMD=%s %s -e %s"):format(variables or "", quote(command),
    vm.command, quote 'require "truto.sandbox.program".main()'))
end

describe("a program in a sandbox", function()
  it("has the three variables, and the sandbox is gone afterwards", function()
    local output = run('echo "$TRUTO_BASE_URL $TRUTO_API_TOKEN";'
      .. ' grep -c "BEGIN CERTIFICATE" "$TRUTO_CA_FILE"; dirname'
      .. ' "$TRUTO_CA_FILE"')
    local url, folder = output:match(
      "^(https://127%.0%.0%.1:%d+) sandbox_%x+\n1\n(%S+)\nstatus=0\n$")
    assert.is_string(url, output)
    assert.is_nil(io.open(folder .. "/ca.pem"))
    assert.matches("^7$", (capture("curl -s " .. url .. "; echo $?")
      :match "^%d+"))
  end)

  it("finds the sandbox through truto, whatever proxy is set", function()
    local code = 'print(require "truto".datastore.update("ds_s3", '
      .. '{ label = "tried" }).label)'
    assert.equal("tried\nstatus=0\n", run(vm.command .. " -e " .. quote(code),
      "HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=example.com"))
    assert.equal("127.0.0.1,localhost,example.com\nstatus=0\n",
      run("echo $NO_PROXY", "NO_PROXY=example.com"))
  end)

  it("ends it with its own status, or its signal", function()
    assert.equal("status=0\n", run "true")
    assert.equal("status=7\n", run "exit 7")
    assert.matches("status=137\n$", run "kill -9 $$")
  end)

  it("keeps the token out of every argument", function()
    local output = run('tr "\\0" " " < /proc/$$/cmdline; echo;'
      .. ' tr "\\0" " " < /proc/$PPID/cmdline; echo; echo'
      .. ' "$TRUTO_API_TOKEN"')
    local arguments, token = output:match "^(.*)\n?(sandbox_%x+)\nstatus=0\n$"
    assert.is_string(token, output)
    assert.truthy(arguments:find("TRUTO_API_TOKEN", 1, true))
    assert.falsy(arguments:find(token, 1, true))
  end)

  it("must be named", function()
    assert.equal("usage: make try CMD='lua5.4 script.lua'\nstatus=2\n",
      run "")
  end)

  it("is what make try runs, on the Lua that it names", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write('print(require "truto".datastore.update("ds_s3", { label = '
      .. '_VERSION }).label)')
    file:close()
    local output = capture(("make -s try CMD='%s %s'"):format(vm.name, script))
    os.remove(script)
    assert.equal(_VERSION .. "\nstatus=0\n", output)
  end)
end)
