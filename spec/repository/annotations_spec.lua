-- What an editor shows of the modules; lua-language-server is not needed here.

local documents = require "support.documents"
local truto = require "truto"

local function sources()
  local pipe = assert(io.popen "find lua -name '*.lua' | sort")
  local texts = {}
  for path in pipe:lines() do texts[path] = documents.read(path) end
  pipe:close()
  return texts
end

-- The annotations right above each function that users call.
local PUBLIC = {
  ["lua/truto/types.lua"] = { "M.get", "M.list", "M.create", "M.update",
    "M.delete", "M.test" },
  ["lua/truto/client.lua"] = { "M.new" },
  ["lua/truto/config.lua"] = { "M.validate", "M.describe", "M.secret_paths",
    "M.service_account" },
}

local function annotations_of(path, name)
  local text = documents.read(path)
  local place = text:find("\n *function " .. name:gsub("%p", "%%%0") .. "%(")
  assert.is_truthy(place, path .. ": " .. name)
  local lines = {}
  for line in text:sub(1, place):gmatch "([^\n]*)\n" do
    if line:find "^ *%-%-%-" then
      lines[#lines + 1] = line
    else
      lines = {}
    end
  end
  return table.concat(lines, "\n")
end

describe("the annotations for editors", function()
  -- An editor does not see that `err` is there where the first result is not:
  -- were it annotated as optional, each `err.kind` would be reported.
  it("let err.kind stand after the check of the first result", function()
    for path, names in pairs(PUBLIC) do
      for _, name in ipairs(names) do
        local text = annotations_of(path, name)
        assert.matches("@return [^\n]+%? ", text, name)
        assert.matches("@return truto.Error err ", text, 1, true)
      end
    end
  end)

  it("name the class of an answer, with the seven fields", function()
    local class = documents.read "lua/truto/config/types.lua"
      :match "@class truto.DatastoreRecord(.-)\n\n"
    for _, field in ipairs { "id", "type", "label", "config",
      "environment_id", "created_at", "updated_at" } do
      assert.matches("@field " .. field .. " ", class, 1, true)
    end
    assert.matches("@return truto.DatastoreRecord? datastore",
      annotations_of("lua/truto/types.lua", "M.update"), 1, true)
    assert.matches("---@type truto.Datastore",
      documents.read "lua/truto/init.lua", 1, true)
  end)

  it("have each operation, with its arguments", function()
    local found = {}
    for name, list in documents.read "lua/truto/types.lua"
      :gmatch "\nfunction M%.(%l+)%((.-)%)" do
      found[name] = list
    end
    local expected = { each = "filters, options" }
    for name, row in pairs(require "truto.operations") do
      local names = {}
      for i, argument in ipairs(row.arguments) do names[i] = argument.name end
      names[#names + 1] = "options"
      expected[name] = table.concat(names, ", ")
    end
    assert.same(expected, found)
  end)

  it("give err.code its alias", function()
    assert.matches("@field code truto.Code ",
      documents.read "lua/truto/errors.lua", 1, true)
  end)

  it("have no words for luacheck, which an editor shows as text", function()
    for path, text in pairs(sources()) do
      assert.is_nil(text:find("luacheck:", 1, true), path)
    end
  end)
end)

describe("the tables of users", function()
  local documented = ""
  for _, path in ipairs(documents.paths()) do
    documented = documented .. documents.read(path)
  end

  local function assert_documented(values, where)
    for name in pairs(values) do
      assert.is_truthy(documented:find("[.`]" .. name .. "%f[^%w_]"),
        where .. "." .. name .. " is on the table, and in no document")
    end
  end

  it("have nothing that is not for users", function()
    assert_documented(truto.secret, "truto.secret")
    assert_documented(truto.config, "truto.config")
    local client = truto.new { token = "t", base_url = "http://127.0.0.1:1" }
    assert_documented(client, "client")
    assert_documented(client.datastore, "client.datastore")
    client.close()
    assert_documented(truto, "truto")
  end)
end)
