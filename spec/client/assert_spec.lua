-- truto.assert and errors joined with text, as a plain interpreter has them:
-- busted replaces `assert`, so each case runs in a program of its own.

local documents = require "support.documents"
local vm = require "support.vm"

-- A failing call, and all of its three values.
local BEGIN = [[
local truto = require "truto"
local client = truto.new { token = "t", base_url = "http://127.0.0.1:1",
  max_attempts = 1 }
local function fail()
  return client.datastore.update("ds_1", { label = "x" })
end
]]
local FIRST_LINE = 7
local LINE = "truto: connection_refused: "

describe("in a plain interpreter", function()
  local path
  before_each(function() path = os.tmpname() end)
  after_each(function() os.remove(path) end)

  local function run(code)
    local file = assert(io.open(path, "w"))
    file:write(BEGIN .. code)
    file:close()
    local pipe = assert(io.popen(vm.command .. " " .. path .. " 2>&1"))
    local output = pipe:read "*a"
    pipe:close()
    return output
  end

  local function line_of(number)
    return ("%s:%d: %s"):format(path, FIRST_LINE + number - 1, LINE)
  end

  local function assert_prints(expected, code)
    assert.matches(expected, run(code), 1, true)
  end

  it("truto.assert ends the program with the caller's line", function()
    local output = run "\ntruto.assert(fail())"
    local first = output:match "^[^\n]*"
    assert.equal(vm.name .. ": " .. line_of(2), first:sub(1, #vm.name + 2
      + #line_of(2)))
    assert.matches("stack traceback:", output, 1, true)
  end)

  it("truto.assert raises a string", function()
    assert_prints("string " .. line_of(1), [[
local _, raised = pcall(function() truto.assert(fail()) end)
print(type(raised) .. " " .. raised)]])
  end)

  it("truto.assert finds the line from a tail call, pcall, a coroutine",
    function()
      local output = run [[
local function tail() return truto.assert(fail()) end
print(select(2, pcall(function() local x = tail() return x end)))
print(select(2, pcall(truto.assert, fail())))
print(select(2, coroutine.resume(coroutine.create(function()
  truto.assert(fail())
end))))]]
      local lines = {}
      for line in output:gmatch "[^\n]+" do lines[#lines + 1] = line end
      -- Where a tail call leaves no trace, the line of who called.
      assert.matches("^" .. path:gsub("%p", "%%%0") .. ":[78]: truto: ",
        lines[1])
      assert.equal(line_of(3), lines[2]:sub(1, #line_of(3)))
      assert.equal(line_of(5), lines[3]:sub(1, #line_of(5)))
    end)

  it("truto.assert returns what it was given", function()
    assert_prints("4 a nil c nil; 1 1", [[
local function show(...)
  local texts = { select("#", ...) }
  for i = 1, select("#", ...) do
    texts[#texts + 1] = tostring((select(i, ...)))
  end
  return table.concat(texts, " ")
end
print(show(truto.assert("a", nil, "c", nil)) .. "; " .. show(truto.assert(1)))
]])
  end)

  it("truto.assert takes what is not an error of truto", function()
    local output = run [[
print(select(2, pcall(function() truto.assert(nil, "no file") end)))
print(select(2, pcall(function() truto.assert(false) end)))]]
    assert.matches(":7: no file\n", output, 1, true)
    assert.matches(":8: assertion failed!\n", output, 1, true)
  end)

  it("a client has it too", function()
    assert_prints(line_of(1), "client.assert(fail())")
  end)

  it("an error is joined with text", function()
    local output = run [[
local _, err = fail()
print("failed: " .. err)
print(err .. " failed")
print(1 .. err)
print(err .. err)]]
    assert.matches("\n?failed: truto: connection_refused: .-\n"
      .. "truto: connection_refused: .- failed\n"
      .. "1truto: connection_refused: .-\n"
      .. "truto: .-truto: ", output)
  end)

  it("an error joined with what is not text blames the caller", function()
    local output = run [[
local _, err = fail()
print(select(2, pcall(function() return err .. nil end)))
print(select(2, pcall(function() return {} .. err end)))
print(select(2, pcall(function() return err .. truto.secret "canary" end)))]]
    assert.matches(":8: attempt to concatenate a nil value", output, 1, true)
    assert.matches(":9: attempt to concatenate a table value", output, 1, true)
    assert.matches(":10: ", output, 1, true)
    assert.is_nil(output:find("canary", 1, true))
  end)
end)

describe("the examples and documents", function()
  it("assert no call of truto with Lua's own assert", function()
    local paths = documents.paths()
    local pipe = assert(io.popen "find examples -name '*.lua'")
    for path in pipe:lines() do paths[#paths + 1] = path end
    pipe:close()
    for _, path in ipairs(paths) do
      for call in documents.read(path):gmatch "[^%w_.]assert ?%(([%w_.]+)" do
        local own = call:find "^truto%." and call ~= "truto.assert"
          or call:find "%.datastore%." or call == "datastore,"
        assert.is_falsy(own, path .. ": assert(" .. call)
      end
    end
  end)
end)
