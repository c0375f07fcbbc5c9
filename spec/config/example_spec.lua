local vm = require "support.vm"

describe("examples/validate.lua", function()
  local folder

  local function run(arguments)
    local pipe = assert(io.popen(vm.command .. " examples/validate.lua "
      .. arguments .. " 2>&1; echo \"status $?\""))
    local output = pipe:read "*a"
    pipe:close()
    return (output:gsub(folder:gsub("%p", "%%%0"), "configs"))
  end

  local function write(name, content)
    local file = assert(io.open(folder .. "/" .. name, "w"))
    file:write(content)
    file:close()
  end

  before_each(function()
    local pipe = assert(io.popen "mktemp -d")
    folder = pipe:read "*l"
    pipe:close()
  end)

  after_each(function()
    os.execute("rm -r '" .. folder .. "'")
  end)

  it("prints problems as a compiler does", function()
    write("a.json", [[{"base_url": "https://a.b", "port": 0, "prot": 1}]])
    write("b it's.json", [[{"type": "s3", "config": {"bucket": null}}]])
    write("c.json", [[{"bucket": "b"}]])
    write("d.json", [[{"secret_access_key": "s"}]])
    local output = run("'" .. folder .. "'")
    assert.matches("configs/a.json: config.port: must be from 1 to 65535",
      output, 1, true)
    assert.matches("configs/a.json: config.prot: is not a field of qdrant; "
      .. "did you mean port?", output, 1, true)
    assert.matches("configs/b it's.json: config.bucket: expected a string, "
      .. "received null [type_mismatch]\n", output, 1, true)
    assert.is_nil(output:find("c.json", 1, true))
    assert.matches("configs/d.json: warning: config.secret_access_key: is "
      .. "given without access_key_id", output, 1, true)
    assert.matches("status 1\n$", output)
  end)

  it("is quiet when all is well", function()
    write("a.json", [[{"bucket": "b"}]])
    assert.equal("status 0\n", run("'" .. folder .. "' s3"))
  end)

  it("takes the type from the command line", function()
    write("a.json", [[{"bucket": "b"}]])
    local output = run("'" .. folder .. "' qdrant")
    assert.matches("config.bucket: is not a field of qdrant", output, 1, true)
  end)

  it("says what it cannot read", function()
    write("a.json", "{")
    assert.equal("configs/a.json: is no JSON object\nstatus 2\n",
      run("'" .. folder .. "'"))
    assert.matches("status 2\n$", run "/nonexistent")
    assert.matches("^usage: .*status 2\n$", run "")
  end)
end)
