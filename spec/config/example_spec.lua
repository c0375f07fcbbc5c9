local vm = require "support.vm"

describe("examples/validate.lua", function()
  local folder

  local function run(arguments)
    local pipe = assert(io.popen(vm.command .. " examples/validate.lua "
      .. arguments:gsub("FOLDER", folder) .. " 2>&1; echo \"status $?\""))
    local output = pipe:read "*a"
    pipe:close()
    return (output:gsub(folder:gsub("%p", "%%%0"), "configs"))
  end

  local function write(name, content)
    local parent = name:match "^(.*)/"
    if parent then os.execute(("mkdir -p '%s/%s'"):format(folder, parent)) end
    local file = assert(io.open(folder .. "/" .. name, "wb"))
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
    write("b it's.json", [[{"type": "s3", "config": {"bucket": false}}]])
    write("c.json", [[{"bucket": "b"}]])
    write("d.json", [[{"secret_access_key": "s"}]])
    local output = run "FOLDER"
    assert.matches("configs/a.json: config.port: must be from 1 to 65535",
      output, 1, true)
    assert.matches("configs/a.json: config.prot: is not a field of qdrant; "
      .. "did you mean port?", output, 1, true)
    assert.matches("configs/b it's.json: config.bucket: expected a string, "
      .. "received a boolean [type_mismatch]\n", output, 1, true)
    assert.is_nil(output:find("c.json", 1, true))
    assert.matches("configs/d.json: warning: config.secret_access_key: is "
      .. "given without access_key_id", output, 1, true)
    assert.matches("status 1\n$", output)
  end)

  it("is quiet when all is well", function()
    write("a.json", [[{"bucket": "b"}]])
    assert.equal("status 0\n", run "FOLDER s3")
  end)

  it("takes a warning for a problem with --strict, wherever it stands",
    function()
      write("a.json", [[{"bucket": "s3://b"}]])
      local message = "configs/a.json: %sconfig.bucket: is a URL; give the "
        .. "bucket's name alone [url_as_name]\nstatus %d\n"
      assert.equal(message:format("warning: ", 0), run "FOLDER s3")
      for _, arguments in ipairs { "--strict FOLDER s3", "FOLDER --strict s3",
        "FOLDER s3 --strict" } do
        assert.equal(message:format("", 1), run(arguments))
      end
    end)

  it("takes the type from the command line", function()
    write("a.json", [[{"bucket": "b"}]])
    local output = run "FOLDER qdrant"
    assert.matches("config.bucket: is not a field of qdrant", output, 1, true)
  end)

  it("checks nothing under a type that is not one", function()
    write("a.json", [[{"bucket": 5}]])
    assert.equal("s4 is not a type; there are mongo_data_api, "
      .. "google_cloud_storage, s3, qdrant\nstatus 2\n", run "FOLDER s4")
  end)

  it("says of a file that its own type is not known", function()
    write("a.json", [[{"type": "s4", "config": {"bucket": "b"}}]])
    assert.matches("^configs/a.json: warning: config: the type given is none "
      .. "of .* goes out unchecked %[unknown_type%]\nstatus 0\n$", run "FOLDER")
    assert.matches("status 1\n$", run "--strict FOLDER")
    write("a.json", [[{"type": 5, "config": {"bucket": "b"}}]])
    assert.equal("configs/a.json: type: expected a string [type_mismatch]\n"
      .. "status 1\n", run "FOLDER")
  end)

  it("looks into subfolders, in order", function()
    for _, name in ipairs { "z.json", "sub/b.json", "sub/deep er/a.json",
      "a.json", "sub/other.txt" } do
      write(name, [[{"bucket": 5}]])
    end
    local seen = {}
    for path in run "FOLDER s3":gmatch "configs/([^:]*):" do
      seen[#seen + 1] = path
    end
    assert.same({ "a.json", "sub/b.json", "sub/deep er/a.json", "z.json" },
      seen)
  end)

  it("takes a single file, whatever its name is", function()
    write("a", [[{"bucket": 5}]])
    write("b.json", [[{"bucket": 5}]])
    assert.equal("configs/a: config.bucket: expected a string, received a "
      .. "number [type_mismatch]\nstatus 1\n", run "FOLDER/a s3")
  end)

  it("says what is wrong with JSON, and where", function()
    write("a.json", '{\n  "bucket": "b",\n}\n')
    assert.equal("configs/a.json:3:1: Expected object key string but found "
      .. "T_OBJ_END at character 20\nstatus 2\n", run "FOLDER")
    write("a.json", "5")
    assert.equal("configs/a.json: is not a JSON object\nstatus 2\n",
      run "FOLDER")
  end)

  it("passes over a byte order mark; UTF-16 is to be saved as UTF-8",
    function()
      write("a.json", "\239\187\191" .. [[{"bucket": "b"}]])
      assert.equal("status 0\n", run "FOLDER")
      write("a.json", "\255\254{\0}\0")
      assert.equal("configs/a.json: is in UTF-16; save it as UTF-8\n"
        .. "status 2\n", run "FOLDER")
    end)

  it("says what it cannot read", function()
    assert.equal("configs: has no file *.json\nstatus 2\n", run "FOLDER")
    assert.equal("/nonexistent: No such file or directory\nstatus 2\n",
      run "/nonexistent")
    write("a.json", "{}")
    os.execute("mkdir '" .. folder .. "/b.json'")
    assert.equal("status 0\n", run "FOLDER s3")
  end)

  it("says how it is called", function()
    for _, arguments in ipairs { "", "FOLDER s3 more", "--strict" } do
      assert.matches("^usage: .*status 2\n$", run(arguments))
    end
    assert.matches("^there is no option %-%-strickt\nusage: .*status 2\n$",
      run "--strickt FOLDER")
  end)
end)
