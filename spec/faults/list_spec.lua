-- Each fault that truto must survive has a test that names it, or a reason.

local rows = require "support.fault_rows"

local SPECS = debug.getinfo(1, "S").source:match "^@(.*[/\\])faults[/\\]"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- The ids in a test name: "(N07, N08)", and "(H01-H03)" for three.
local function note_ids(name, found)
  for id in name:gmatch "%u%d%d" do found[id] = true end
  for letter, first, last in name:gmatch "(%u)(%d%d)%-%u(%d%d)" do
    for number = first, last do
      found[("%s%02d"):format(letter, number)] = true
    end
  end
end

-- Of `it "…"`, `describe "…"`, and of names in tables that tests are made of.
local function ids_in(text)
  local found = {}
  for line in text:gmatch "[^\n]+" do
    if not line:find "^%s*%-%-" then
      for name in line:gmatch '"([^"]*)"' do note_ids(name, found) end
    end
  end
  return found
end

-- Where the names of tests stand that are made of a table elsewhere.
local TABLES = { ["faults/matrix"] = "support/fault_matrix.lua" }

local known = setmetatable({}, { __index = function(cache, spec)
  cache[spec] = ids_in(read(SPECS .. (TABLES[spec] or spec .. "_spec.lua")))
  return cache[spec]
end })

-- Those whose tests run through the background driver, some of them only
-- there, most of them too; see background/faults_spec.
local IN_BACKGROUND = {
  "background/process", "client/reentry", "client/retry_fault", "core/clock",
  "core/exchange", "core/response", "core/stopped_server", "core/tls",
  "core/wire", "faults/canary", "faults/matrix",
}

-- Network, TLS and HTTP, but for what never comes to a transfer.
local function reaches_background(id)
  return id:find "^[NTH]" and id ~= "T12" and id ~= "H21"
end

local ids = {}
for id in pairs(rows) do ids[#ids + 1] = id end
table.sort(ids)

describe("the fault", function()
  for _, id in ipairs(ids) do
    local row = rows[id]
    if type(row) == "string" then
      it(id .. " is named by a test in " .. row, function()
        for spec in row:gmatch "%S+" do
          assert.is_true(known[spec][id], spec .. "_spec.lua")
        end
      end)
    end
    if reaches_background(id) then
      it(id .. " meets the background driver", function()
        local found = false
        for _, spec in ipairs(IN_BACKGROUND) do
          found = found or row:find(spec, 1, true) and known[spec][id]
        end
        assert.is_truthy(found)
      end)
    end
  end

  it("is left to another program", function()
    local left = {}
    for _, id in ipairs(ids) do
      local row = rows[id]
      if type(row) == "table" then left[#left + 1] = id .. ": " .. row[1] end
    end
    if #left > 0 then pending(table.concat(left, "; ")) end
  end)

  it("list is whole", function() assert.equal(91, #ids) end)
end)
