local documents = require "support.documents"
local key_file = require "support.key_file"
local sandbox = require "truto.sandbox"
local vm = require "support.vm"

describe("the example", function()
  local service, path_of_key
  setup(function()
    service = assert(sandbox.start())
    path_of_key = os.tmpname()
    key_file.write(path_of_key)
  end)
  teardown(function()
    service.stop()
    os.remove(path_of_key)
  end)

  local function run(name, arguments, variables)
    local pipe = assert(io.popen(table.concat({
      "TRUTO_BASE_URL=" .. service.base_url,
      "TRUTO_API_TOKEN=" .. service.token,
      "TRUTO_CA_FILE=" .. service.ca_file,
      variables or "", vm.command, "examples/" .. name .. ".lua", arguments,
      "2>&1; echo status=$?",
    }, " ")))
    local output = pipe:read "*a"
    pipe:close()
    return output
  end

  it("update.lua sends the reference page's change", function()
    assert.equal("ds_s3\ts3\tnightly exports\nstatus=0\n",
      run("update", "ds_s3 'nightly exports'", "DATASTORE_SECRET=canary-key"))
  end)

  it("s3.lua rotates a key pair", function()
    assert.matches("^ds_s3\tAKIANEW\t.*\nstatus=0\n$", run("s3", "ds_s3",
      "S3_ACCESS_KEY_ID=AKIANEW S3_SECRET_ACCESS_KEY=canary-key"))
  end)

  it("s3.lua refuses half a pair", function()
    assert.matches("^truto: half_credential_pair: .*\nstatus=1\n$",
      run("s3", "ds_s3", "S3_SECRET_ACCESS_KEY=canary-key"))
  end)

  it("qdrant.lua changes port and collection", function()
    assert.equal("ds_qdrant\t6335\tarticles\nstatus=0\n",
      run("qdrant", "ds_qdrant 6335 articles"))
  end)

  it("mongo_data_api.lua changes cluster and key", function()
    assert.matches("^ds_mongo\tCluster1\t.*status=0\n$",
      run("mongo_data_api", "ds_mongo Cluster1", "MONGO_API_KEY=canary-key"))
  end)

  it("google_cloud_storage.lua takes a key file", function()
    assert.equal("ds_gcs\texports-2027\nstatus=0\n",
      run("google_cloud_storage", "ds_gcs exports-2027",
        "GOOGLE_APPLICATION_CREDENTIALS=" .. path_of_key))
  end)

  it("demo.lua takes all its steps and shows no secret", function()
    local output = run("demo", "")
    assert.matches("All steps did what they should.\nstatus=0\n$", output)
    assert.is_nil(output:find("never-shown", 1, true))
    assert.is_nil(output:find("Bearer", 1, true))
    assert.is_nil(output:find("NOT as it should be", 1, true))
  end)

  it("says what fails, and ends with 1", function()
    assert.matches("^truto: not_found: .*status=1\n$",
      run("update", "none label", "DATASTORE_SECRET=canary-key"))
  end)

  for _, name in ipairs { "update", "s3", "qdrant", "mongo_data_api",
    "google_cloud_storage", "cqueues", "validate" } do
    it(name .. ".lua, run as it stands, says how and changes nothing",
      function()
        local usage = run(name, ""):match "^usage: (.*)status=2\n$"
        assert.matches("lua examples/" .. name .. ".lua ", usage, 1, true)
      end)
  end
end)

-- What is copied runs with a real token. So what is secret, and which
-- datastore is meant, comes from whoever runs it.
describe("no example or document", function()
  local texts = {}
  setup(function()
    for _, path in ipairs(documents.paths()) do
      for _, language in ipairs { "lua", "console", "nginx" } do
        for _, block in ipairs(documents.blocks(path, language)) do
          texts[path .. ":" .. block.line] = table.concat(block.lines, "\n")
        end
      end
    end
    local pipe = assert(io.popen "find examples -name '*.lua'")
    for path in pipe:lines() do texts[path] = documents.read(path) end
    pipe:close()
  end)

  -- A placeholder is refused before anything is sent.
  local function assert_none(pattern)
    local count = 0
    for where, text in pairs(texts) do
      local found = text:match(pattern)
      assert.is_falsy(found and not found:find "^<", where .. ": "
        .. tostring(found))
      count = count + 1
    end
    assert.is_true(count >= 15)
  end

  for _, field in ipairs { "config_secret", "secret_access_key", "api_key",
    "private_key", "token" } do
    it("has a literal as " .. field, function()
      assert_none("%f[%w_]" .. field .. ' = "([^"]*)"')
    end)
  end

  it("makes a secret of a literal", function()
    texts["examples/demo.lua"] = nil -- talks to the sandbox alone
    assert_none 'truto%.secret ?%(?"([^"]*)"'
  end)
end)
