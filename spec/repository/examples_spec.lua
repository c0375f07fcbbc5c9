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

  local function run(name, id, variables)
    local pipe = assert(io.popen(table.concat({
      "TRUTO_BASE_URL=" .. service.base_url,
      "TRUTO_API_TOKEN=" .. service.token,
      "TRUTO_CA_FILE=" .. service.ca_file,
      "TRUTO_DATASTORE_ID=" .. id, variables or "", vm.command,
      "examples/" .. name .. ".lua 2>&1; echo status=$?",
    }, " ")))
    local output = pipe:read "*a"
    pipe:close()
    return output
  end

  it("update.lua sends the reference page's change", function()
    assert.equal("ds_s3\ts3\tyour_label\nstatus=0\n", run("update", "ds_s3"))
  end)

  it("s3.lua points at another bucket", function()
    assert.equal("ds_s3\texports-2027\teu-central-1\nstatus=0\n",
      run("s3", "ds_s3", "S3_SECRET_ACCESS_KEY=canary-key"))
  end)

  it("qdrant.lua changes port and collection", function()
    assert.equal("ds_qdrant\t6334\tarticles\nstatus=0\n",
      run("qdrant", "ds_qdrant"))
  end)

  it("mongo_data_api.lua changes cluster and key", function()
    assert.matches("^ds_mongo\tCluster1\t.*status=0\n$",
      run("mongo_data_api", "ds_mongo", "MONGO_API_KEY=canary-key"))
  end)

  it("google_cloud_storage.lua takes a key file", function()
    assert.equal("ds_gcs\texports-2027\nstatus=0\n",
      run("google_cloud_storage", "ds_gcs",
        "GOOGLE_APPLICATION_CREDENTIALS=" .. path_of_key))
  end)

  it("demo.lua takes all its steps and shows no secret", function()
    local output = run("demo", "none")
    assert.matches("All steps did what they should.\nstatus=0\n$", output)
    assert.is_nil(output:find("never-shown", 1, true))
    assert.is_nil(output:find("Bearer", 1, true))
    assert.is_nil(output:find("NOT as it should be", 1, true))
  end)

  it("says what fails, and ends with 1", function()
    assert.matches("^truto: not_found: .*status=1\n$", run("update", "none"))
  end)
end)
