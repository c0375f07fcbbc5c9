local sandbox = require "truto.sandbox"
local vm = require "support.vm"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "*a"
  file:close()
  return text
end

-- Blocks of one language with the line where each begins.
local function blocks(text, language)
  local found, current, number = {}, nil, 0
  for line in (text .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if current and line:find "^```" then
      found[#found + 1] = current
      current = nil
    elseif current then
      current.lines[#current.lines + 1] = line
    elseif line == "```" .. language then
      current = { line = number, lines = {} }
    end
  end
  return found
end

describe("README.md", function()
  local service
  setup(function() service = assert(sandbox.start()) end)
  teardown(function() service.stop() end)

  local function run(code)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(code)
    file:close()
    local pipe = assert(io.popen(("TRUTO_BASE_URL=%s TRUTO_API_TOKEN=%s "
      .. "TRUTO_CA_FILE=%s %s %s 2>&1; echo status=$?"):format(
      service.base_url, service.token, service.ca_file, vm.command, path)))
    local output = pipe:read "*a"
    pipe:close()
    os.remove(path)
    return output
  end

  local examples = blocks(read "README.md", "lua")

  it("has examples", function() assert.is_true(#examples >= 4) end)

  for _, example in ipairs(examples) do
    it("has an example that runs, line " .. example.line, function()
      local output = run(table.concat(example.lines, "\n"))
      assert.matches("status=0\n$", output)
    end)
  end

  it("names every option and every kind of error", function()
    local text = read "README.md"
    for name in read("lua/truto/options.lua"):gmatch "%-%-%-@field ([%w_]+)"
    do
      assert.is_truthy(text:find("`" .. name .. "`", 1, true), name)
    end
    local kinds = read("lua/truto/errors.lua"):match "^(.-)@alias truto.Outcome"
    for kind in kinds:gmatch '%-%-%-| "(%l+)" ' do
      assert.is_truthy(text:find("| `" .. kind .. "` |", 1, true), kind)
    end
  end)

  it("links only to files that are there", function()
    for target in read("README.md"):gmatch "%]%(([^)#]+)%)" do
      if not target:find "^https?:" then
        assert.is_truthy(io.open(target), target)
      end
    end
  end)
end)
