-- spec/FAULTS.md and the specs hold each other: no fault without a test that
-- names it, or another program; no code in a test's name without a row.

local list = require "support.fault_list"

local rows, codes = list.rows()
local specs = list.specs()

-- Which specs have a test that names the code, and whether some of it runs
-- through the background driver.
local function named_by(code)
  local names, in_background = {}, false
  for name, spec in pairs(specs) do
    if spec.codes[code] then
      names[#names + 1] = name
      in_background = in_background or spec.meets_background
    end
  end
  return names, in_background
end

-- "`make torture`", or nothing.
local function other_program(code) return rows[code]:match "`make %l+`" end

local function reaches_background(code)
  return code:find "^[NTH]" and not rows[code]:find "no transfer begins"
end

describe("the fault", function()
  for _, code in ipairs(codes) do
    local names, in_background = named_by(code)
    if not other_program(code) then
      it(code .. " is named by a test", function()
        assert.is_true(#names > 0)
      end)
    end
    if reaches_background(code) then
      it(code .. " meets the background driver", function()
        assert.is_true(in_background, table.concat(names, " "))
      end)
    end
  end

  it("is left to another program", function()
    local left = {}
    for _, code in ipairs(codes) do
      local program = other_program(code)
      if program then left[#left + 1] = code .. ": " .. program end
    end
    if #left > 0 then pending(table.concat(left, "; ")) end
  end)
end)

describe("spec/FAULTS.md", function()
  it("has every code that a test names", function()
    local unknown = {}
    for name, spec in pairs(specs) do
      for code in pairs(spec.codes) do
        if not rows[code] then
          unknown[#unknown + 1] = name .. "_spec: " .. code
        end
      end
    end
    assert.same({}, unknown)
  end)

  it("has each code once, with a fault and what must come of it", function()
    local seen = {}
    for _, code in ipairs(codes) do
      assert.is_nil(seen[code], code)
      seen[code] = true
      assert.matches("^[^|]+ | [^|]+$", rows[code])
    end
  end)

  it("has not lost rows", function()
    assert.is_true(#codes >= 91, #codes)
  end)
end)

describe("the names of tests", function()
  it("are read with lists and ranges of codes", function()
    local text = 'it("lost (N07, N08)")\nit(("%s (%d, A01)"):format(x))\n'
      .. '-- it("none (N01)")\nit("moved (H01-H03)")\nit("(T1)")'
    assert.same({ N07 = true, N08 = true, A01 = true, H01 = true, H02 = true,
      H03 = true }, list.codes_in(text))
  end)
end)
