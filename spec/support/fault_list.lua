--- The list of faults, spec/FAULTS.md, and the codes that tests name.

local lfs = require "lfs"

local M = {}

local SPECS = debug.getinfo(1, "S").source:match "^@(.*[/\\])support[/\\]"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- What stands in the list.
---@return table<string, string> rows the text of a row by its code
---@return string[] codes in the order of the list; one that stands twice
---  comes twice
function M.rows()
  local rows, codes = {}, {}
  for code, text in read(SPECS .. "FAULTS.md"):gmatch
    "\n| (%u%d%d) | ([^\n]+) |" do
    rows[code] = text
    codes[#codes + 1] = code
  end
  return rows, codes
end

-- "N07, N08" are two codes, "H01-H03" three.
local function note_codes(text, found)
  for code in text:gmatch "%u%d%d" do found[code] = true end
  for letter, first, last in text:gmatch "(%u)(%d%d)%-%u(%d%d)" do
    for number = first, last do
      found[("%s%02d"):format(letter, number)] = true
    end
  end
end

--- The codes in brackets in the strings of a Lua file: names of tests stand
--- in `it` and `describe`, and in tables that tests are made of.
---@param text string
---@return table<string, true>
function M.codes_in(text)
  local found = {}
  for line in text:gmatch "[^\n]+" do
    if not line:find "^%s*%-%-" then
      for codes in line:gmatch "%(([%w%%, -]*%u%d%d)%)" do
        note_codes(codes, found)
      end
    end
  end
  return found
end

-- Where the names of tests stand that are made of a table elsewhere.
local TABLES = { ["faults/matrix"] = "support/fault_matrix.lua" }

local function each_spec(folder, visit)
  for name in lfs.dir(SPECS .. folder) do
    local path = folder .. name
    if lfs.attributes(SPECS .. path, "mode") == "directory" then
      if name ~= "." and name ~= ".." then each_spec(path .. "/", visit) end
    elseif name:find "_spec%.lua$" then
      visit((path:gsub("_spec%.lua$", "")))
    end
  end
end

-- A spec whose tests run through the background driver, some of them or all:
-- it names that driver, is one of nginx, or is run once more by faults_spec.
local function meets_background(spec, text)
  local again = read(SPECS .. "background/faults_spec.lua")
  return text:find('"background"', 1, true) ~= nil
    or text:find("support.background", 1, true) ~= nil
    or spec:find "^background/" ~= nil or spec:find "^nginx/" ~= nil
    or again:find('{ "' .. spec .. '"', 1, true) ~= nil
end

---@class FaultSpec
---@field codes table<string, true> that its tests name
---@field meets_background boolean

-- The list's own spec names codes as examples.
local OWN = "faults/list"

--- Each spec by its path in spec/, without `_spec.lua`.
---@return table<string, FaultSpec>
function M.specs()
  local specs = {}
  each_spec("", function(spec)
    if spec == OWN then return end
    local text = read(SPECS .. spec .. "_spec.lua")
    local names = TABLES[spec] and read(SPECS .. TABLES[spec]) or text
    specs[spec] = {
      codes = M.codes_in(names),
      meets_background = meets_background(spec, text),
    }
  end)
  return specs
end

return M
