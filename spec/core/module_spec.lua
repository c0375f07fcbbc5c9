local vm = require "support.vm"

local function output_of(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local function path_of_core()
  if package.searchpath then
    return assert(package.searchpath("truto.core", package.cpath))
  end
  for template in package.cpath:gmatch "[^;]+" do
    local path = template:gsub("?", "truto/core")
    local file = io.open(path)
    if file then
      file:close()
      return path
    end
  end
  error "truto.core is not on package.cpath"
end

describe("the module", function()
  it("exports one symbol", function()
    local symbols = output_of("nm -D --defined-only " .. path_of_core())
    local names = {}
    for name in symbols:gmatch "%x+ %a ([%w_]+)" do
      -- what a sanitizer or the coverage runtime adds is not ours
      if not name:find "^__" then names[#names + 1] = name end
    end
    assert.same({ "luaopen_truto_core" }, names)
  end)

  it("leaves no global behind, and changes none", function()
    local code = [[
      local before = {}
      for key, value in pairs(_G) do before[key] = value end
      require "truto"
      for key, value in pairs(_G) do
        if before[key] ~= value then print(key) end
      end]]
    assert.equal("", output_of(vm.command .. " -e '" .. code .. "' 2>&1"))
  end)

  it("asks for no global that may not be there", function()
    local code = [[
      setmetatable(_G, {
        __index = function(_, name) error("undeclared " .. tostring(name)) end,
        __newindex = function(_, name) error("new " .. tostring(name)) end,
      })
      local truto = require "truto"
      local client = assert(truto.new { token = "x", max_attempts = 1,
        base_url = "http://127.0.0.1:9" })
      local _, err = client.datastore.update("ds_1", { label = "x" })
      print(err.code)]]
    assert.equal("connection_refused\n",
      output_of(vm.command .. " -e '" .. code .. "' 2>&1"))
  end)

  it("may be loaded again after package.loaded is cleared (A13)", function()
    local code = [[
      local first = require "truto"
      local secret = first.secret "x"
      for name in pairs(package.loaded) do
        if name:find "^truto" then package.loaded[name] = nil end
      end
      local second = require "truto"
      assert(first ~= second and first.null == second.null)
      assert(second.secret.is(secret) and secret:reveal() == "x")
      print "same"]]
    assert.equal("same\n", output_of(vm.command .. " -e '" .. code .. "'"))
  end)

  describe("in the place of lua-cjson (A16)", function()
    local exchange = require "support.exchange"

    -- What an update meets that the server answers with this body.
    local function run(before, after, body)
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(([[
        local real = require "cjson"
        %s
        local loaded, truto = pcall(require, "truto")
        if not loaded then print(truto) os.exit(0) end
        %s
        local client = assert(truto.new { base_url = "%s", ca_file = "%s",
          token = "%s", max_attempts = 1 })
        local datastore, err = client.datastore.update("ds_1", { label = "x" })
        print(datastore and datastore.id or err.kind .. " " .. err.code)
      ]]):format(before, after, exchange.server:url("https", "body=" .. body),
        exchange.server.ca_file, exchange.TOKEN))
      file:close()
      local output = output_of(vm.command .. " " .. path .. " 2>&1")
      os.remove(path)
      return output
    end

    local SAFE = 'package.loaded.cjson = require "cjson.safe"'

    for _, when in ipairs { "before", "after" } do
      it("cjson.safe works, " .. when .. " require", function()
        local before = when == "before" and SAFE or ""
        local after = when == "after" and SAFE or ""
        assert.equal("ds_1\n", run(before, after, "datastore"))
        for _, body in ipairs { "broken-json", "nested-65", "nan" } do
          assert.equal("response not_json_object\n", run(before, after, body))
        end
      end)
    end

    it("nothing else matters after require", function()
      assert.equal("ds_1\n", run("", "package.loaded.cjson = true",
        "datastore"))
    end)

    for name, code in pairs {
      ["true"] = "package.loaded.cjson = true",
      ["a string"] = 'package.loaded.cjson = "cjson"',
      ["another library"] =
        "package.loaded.cjson = { encode = print, decode = print }",
      ["one whose new returns nothing"] =
        "package.loaded.cjson = { new = function() end }",
      ["one that ignores its settings"] = [[
        local function ignore() end
        package.loaded.cjson = { new = function()
          return { decode_max_depth = ignore, decode_invalid_numbers = ignore,
            decode = function() return {} end }
        end }]],
    } do
      it(name .. " is an error of require that says so", function()
        assert.matches("truto needs lua%-cjson, but what `require \"cjson\"` "
          .. "returns is something else: .*luarocks install lua%-cjson",
          run(code, "", "datastore"))
      end)
    end

    it("nothing is an error of require that says what to install", function()
      local output = run([[
        package.loaded.cjson = nil
        table.insert(package.searchers or package.loaders, 1, function(name)
          if name == "cjson" then
            return function() error "cjson.so: cannot open" end
          end
        end)]], "", "datastore")
      assert.matches("truto needs lua%-cjson: install it with `luarocks "
        .. "install lua%-cjson`", output)
      assert.matches("cjson.so: cannot open", output, 1, true)
    end)

    -- As lua-cjson does from 2.1.0.9 on.
    it("one that cuts integers off at 64 bits does not deceive", function()
      local cuts = [[
        package.loaded.cjson = { new = function()
          local new = real.new()
          local decode = new.decode
          new.decode = function(text)
            return decode((text:gsub("%f[%d-](%-?)(%d+)%f[^%d.eE]",
              function(sign, digits)
                return #digits > 19 and sign .. "9223372036854775807"
              end)))
          end
          return new
        end }]]
      assert.equal("response number_out_of_range\n", run(cuts, "", "big-int"))
      assert.equal("response number_out_of_range\n",
        run(cuts, "", "long-number"))
      assert.equal("ds_1\n", run(cuts, "", "numbers"))
    end)
  end)

  it("needs no more than libcurl beside the C library", function()
    local needed = output_of("readelf -d " .. path_of_core())
    local extra = {}
    for name in needed:gmatch "NEEDED.-%[([^%]]+)%]" do
      if not (name:find "^libcurl" or name:find "^libc%."
        or name:find "^lib%a*san" or name:find "^libm%.") then
        extra[#extra + 1] = name
      end
    end
    assert.same({}, extra)
  end)

  it("has the version in one place", function()
    local truto = require "truto"
    assert.equal(require "truto.version", truto._VERSION)
    assert.matches("^%d+%.%d+%.%d+$", truto._VERSION)
  end)
end)
