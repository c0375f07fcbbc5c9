-- One list of all codes, held to the sources and to the documents.

local code_texts = require "support.code_texts"
local codes = require "truto.codes"
local source_codes = require "support.source_codes"

local function read(path)
  local file = assert(io.open(path, "rb"), path)
  local text = file:read "*a"
  file:close()
  return text
end

local function files(folder, suffix)
  local pipe = assert(io.popen(("find %s -name '*%s'"):format(folder, suffix)))
  local found = {}
  for path in pipe:lines() do found[#found + 1] = path end
  pipe:close()
  assert(#found > 0)
  return found
end

local function header_functions()
  local functions = {}
  for _, path in ipairs(files("csrc", ".h")) do
    for name, places in pairs(source_codes.c_functions(read(path))) do
      functions[name] = places
    end
  end
  return functions
end

-- The list itself writes its codes as data.
local function written()
  local all, functions = {}, header_functions()
  local function add(path, found)
    for _, one in ipairs(found) do
      one.path = path
      all[#all + 1] = one
    end
  end
  for _, path in ipairs(files("csrc", ".c")) do
    add(path, source_codes.of_c(read(path), functions))
  end
  for _, path in ipairs(files("lua", ".lua")) do
    add(path, source_codes.of_lua(read(path)))
  end
  return all
end

-- listed[code][kind]
local listed = {}
for _, kind in ipairs(codes) do
  for _, row in ipairs(kind.codes) do
    listed[row[1]] = listed[row[1]] or {}
    listed[row[1]][kind.kind] = true
  end
end

describe("lua/truto/codes.lua", function()
  it("has each code that the sources write, under its kind", function()
    local missing = {}
    for _, one in ipairs(written()) do
      local kinds = listed[one.code]
      if not kinds or one.kind and not kinds[one.kind] then
        missing[#missing + 1] = ("%s: %s (%s)"):format(one.path, one.code,
          one.kind or "of any kind")
      end
    end
    assert.same({}, missing)
  end)

  it("has no code that no source writes", function()
    local known, left = {}, {}
    for _, one in ipairs(written()) do known[one.code] = true end
    for code in pairs(listed) do
      if not known[code] then left[#left + 1] = code end
    end
    assert.same({}, left)
  end)

  it("has the kinds of errors, and then the warnings", function()
    local kinds, errors = {}, read "lua/truto/errors.lua"
    for _, kind in ipairs(codes) do kinds[#kinds + 1] = kind.kind end
    local alias = errors:match "alias truto.ErrorKind\n(.-)\n\n"
    local expected = {}
    for kind in alias:gmatch '"(%l+)"' do expected[#expected + 1] = kind end
    expected[#expected + 1] = "warning"
    assert.same(expected, kinds)
  end)

  it("says of each code what it means and what to do, in order", function()
    for _, kind in ipairs(codes) do
      local before = ""
      for _, row in ipairs(kind.codes) do
        assert.equal(3, #row, row[1])
        for _, text in ipairs(row) do
          assert.is_true(#text > 0 and not text:find "[|\n]", row[1])
        end
        assert.is_true(before < row[1], before .. " before " .. row[1])
        before = row[1]
      end
    end
  end)
end)

describe("what is made of the list", function()
  for path, text in pairs(code_texts.files()) do
    it("is up to date: " .. path, function()
      assert.is_true(text == read(path),
        "run: lua5.4 spec/support/write_codes.lua")
    end)
  end
end)

-- The rows of the table in the README whose heading begins so.
local function rows_below(heading)
  local rows = read "README.md":match("\n| " .. heading .. "[^\n]*\n(.-)\n\n")
  return (rows or ""):gmatch "[^\n]+"
end

describe("README.md", function()
  it("names only codes that there are, under their kinds", function()
    local count = 0
    for line in rows_below "`kind` | what happened" do
      local kind, cell = line:match "^| `(%l+)` |.*|([^|]*)|$"
      for code in (cell or ""):gmatch "`([%l_]+)`" do
        assert.is_truthy((listed[code] or {})[kind], code)
        count = count + 1
      end
    end
    assert.is_true(count > 0)
    for heading, kind in pairs {
      ["`code` of an issue"] = "validation",
      ["`code` of a warning"] = "warning",
    } do
      for line in rows_below(heading) do
        local code = line:match "^| `([%l_]+)` |"
        assert.is_true(not code or (listed[code] or {})[kind], code)
      end
    end
  end)

  it("links to the chapter with all of them", function()
    assert.matches("](lua/truto/ERRORS.md)", read "README.md", 1, true)
  end)
end)

describe("the reader of codes", function()
  it("sees what C writes, however it is written", function()
    local functions = source_codes.c_functions [[
      bool fail(struct x *x, const char *kind, const char *code, ...);]]
    local found = source_codes.of_c([[
      static bool refuse(const struct place *at, const char *code) {
          return fail(x, "setup", code, "%s", "(not_a_code)");
      }
      static const struct row { int n; const char *code; const char *text; }
      rows[] = {
          {400, "bad", "Bad, {text}"},
      #if X
          {401, "worse", "Worse"},
      #endif
      };
      /* fail(x, "api", "commented", "") */
      void f(void) {
          static const struct row other = {1, "other", "Other"};
          fail(x, "api", late ? "late" : "early", "(%d, %s)", 1, "text");
          if (!refuse(at, "refused")) failure->code = "assigned";
      }
    ]], functions)
    local texts = {}
    for i, one in ipairs(found) do
      texts[i] = (one.kind or "") .. " " .. one.code
    end
    table.sort(texts)
    assert.same({ " assigned", " bad", " other", " refused", " worse",
      "api early", "api late" }, texts)
  end)

  it("sees what Lua writes, however it is written", function()
    local found = source_codes.of_lua [[
      local FAILED = "failed"
      local function note(list, path, code, message)
        list[1] = { path = path, code = code } -- code = "commented"
      end
      note(a, "b.c", "noted", ("x(%s)"):format(y))
      return { kind = "setup", code = "listed" }, { code = FAILED }
    ]]
    local texts = {}
    for i, one in ipairs(found) do
      texts[i] = (one.kind or "") .. " " .. one.code
    end
    table.sort(texts)
    assert.same({ " failed", " listed", " noted", "setup listed" }, texts)
  end)

  it("does not pass over a code that it cannot read", function()
    assert.has_error(function()
      source_codes.of_lua 'local function f(code) end f(name .. "_gone")'
    end)
    assert.has_error(function()
      source_codes.of_lua "local function f(code) end f(whatever)"
    end)
  end)
end)
