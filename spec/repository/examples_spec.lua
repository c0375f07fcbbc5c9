local sandbox = require "truto.sandbox"
local vm = require "support.vm"

local KEY_FILE = [[{"type":"service_account","project_id":"p",
  "private_key_id":"1",
"private_key":"-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n",
  "client_email":"a@p.iam.gserviceaccount.com","client_id":"1",
  "auth_uri":"https://accounts.google.com/o/oauth2/auth",
  "token_uri":"https://oauth2.googleapis.com/token",
  "auth_provider_x509_cert_url":"https://www.googleapis.com/oauth2/v1/certs",
  "client_x509_cert_url":"https://www.googleapis.com/robot/v1/metadata/x509/a",
  "universe_domain":"googleapis.com"}]]

describe("the example", function()
  local service, key_file
  setup(function()
    service = assert(sandbox.start())
    key_file = os.tmpname()
    local file = assert(io.open(key_file, "w"))
    file:write(KEY_FILE)
    file:close()
  end)
  teardown(function()
    service.stop()
    os.remove(key_file)
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
        "GOOGLE_APPLICATION_CREDENTIALS=" .. key_file))
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
