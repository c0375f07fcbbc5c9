-- The functions of the module itself, where the environment has no token.

local vm = require "support.vm"

local function run(code)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write('local truto = require "truto"\n' .. code)
  file:close()
  local pipe = assert(io.popen("env -u TRUTO_API_TOKEN "
    .. "-u TRUTO_API_TOKEN_FILE " .. vm.command .. " " .. path .. " 2>&1"))
  local output = pipe:read "*a"
  pipe:close()
  os.remove(path)
  return output
end

describe("without a token, misuse raises at the caller's line (A17)",
  function()
    for call, says in pairs {
      ['truto.datastore.update("x", 1)'] = "changes must be a table",
      ['truto.datastore.update("x")'] = "changes must be a table",
      ["truto.datastore.update(nil, {})"] = "id must be a string",
      ["truto.datastore.update(1, {})"] = "id must be a string",
      ['truto.datastore:update("x", {})'] = "with a dot, not a colon",
      ['truto.datastore.update("x", {}, 1)'] = "options must be a table",
      ['truto.datastore.update("x", {}, { timeuot = 1 })'] =
        "did you mean 'timeout'",
      ['truto.datastore.update("x", {}, { timeout = 0 })'] =
        "option 'timeout' must be",
      ["truto.new { timeuot = 1 }"] = "did you mean 'timeout'",
    } do
      it(call, function()
        local output = run("print(pcall(function()\n" .. call .. "\nend))")
        assert.matches("^false\t[^\n]*:3: ", output)
        assert.matches(says, output, 1, true)
      end)
    end
  end)

describe("an error before the first attempt has all its fields (A17)",
  function()
    it("from the module", function()
      assert.equal("missing_token not_sent 0 false 0 true 0\n", run [[
        local _, err, meta = truto.datastore.update("x", { label = "y" })
        print(("%s %s %d %s %d %s %d"):format(err.code, err.outcome,
          err.attempts, tostring(err.retryable), meta.attempts,
          tostring(meta.elapsed >= 0 and meta.elapsed < 60),
          #meta.warnings))]])
    end)

    for options, code in pairs {
      ["{}"] = "missing_token",
      ['{ token = "x", ca_file = "/nowhere" }'] = "ca_file_unreadable",
      ['{ token = "x", base_url = "http://example.org" }'] =
        "invalid_base_url",
    } do
      it("from truto.new " .. options, function()
        assert.equal(code .. " not_sent 0 false\n", run([[
          local _, err = truto.new ]] .. options .. "\n" .. [[
          print(err.code .. " " .. err.outcome .. " " .. err.attempts .. " "
            .. tostring(err.retryable))]]))
      end)
    end
  end)
