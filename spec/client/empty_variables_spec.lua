-- Variables that are set, but empty, as a deployment's mistake leaves them.

local vm = require "support.vm"

-- What comes of one update in a program with these variables; no request
-- leaves this machine, since nothing listens at the proxy.
local function outcome(variables)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write [[
    local truto = require "truto"
    local client, err = truto.new { proxy = "http://127.0.0.1:1",
      max_attempts = 1, timeout = 5 }
    if client then
      local _, failure = client.datastore.update("ds_1", { label = "x" })
      err = failure
    end
    print(err.kind, err.code, err.message, err.url or "")]]
  file:close()
  local pipe = assert(io.popen(table.concat({
    "env -u TRUTO_API_TOKEN -u TRUTO_API_TOKEN_FILE -u TRUTO_BASE_URL",
    "-u TRUTO_CA_FILE", variables, vm.command, path, "2>&1",
  }, " ")))
  local output = pipe:read "*a"
  pipe:close()
  os.remove(path)
  return output
end

describe("a variable that is set, but empty:", function()
  it("TRUTO_BASE_URL is not the public service", function()
    assert.matches("^setup\tinvalid_base_url\tTRUTO_BASE_URL is set, but "
      .. "empty: ", outcome "TRUTO_API_TOKEN=t TRUTO_BASE_URL=")
    assert.matches("https://api.truto.one/datastore/ds_1\n$",
      outcome "TRUTO_API_TOKEN=t")
  end)

  it("TRUTO_CA_FILE is not the system's authorities", function()
    assert.matches("^setup\tca_file_unreadable\tTRUTO_CA_FILE is set, but "
      .. "empty: ", outcome "TRUTO_API_TOKEN=t TRUTO_CA_FILE=")
  end)

  it("TRUTO_API_TOKEN leaves the word to the file beside it", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write "token\n"
    file:close()
    assert.matches("https://api.truto.one/datastore/ds_1\n$",
      outcome("TRUTO_API_TOKEN= TRUTO_API_TOKEN_FILE=" .. path))
    os.remove(path)
  end)

  it("TRUTO_API_TOKEN, and no file, is named", function()
    local expected = "^setup\tmissing_token\tno API token: TRUTO_API_TOKEN "
      .. "is set, but empty\t\n$"
    assert.matches(expected, outcome "TRUTO_API_TOKEN=")
    assert.matches(expected, outcome "TRUTO_API_TOKEN= TRUTO_API_TOKEN_FILE=")
  end)

  it("TRUTO_API_TOKEN_FILE is named", function()
    assert.matches("^setup\tmissing_token\tno API token: "
      .. "TRUTO_API_TOKEN_FILE is set, but empty\t\n$",
      outcome "TRUTO_API_TOKEN_FILE=")
  end)
end)
