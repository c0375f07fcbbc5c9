-- What comments cite is in the repository: documents, and their headings.

local documents = require "support.documents"

local function sources()
  local pipe = assert(io.popen(
    "find csrc lua spec examples Makefile -type f "
      .. "\\( -name '*.[ch]' -o -name '*.lua' -o -name '*.py' "
      .. "-o -name '*.sh' -o -name Makefile \\) | sort"))
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = path end
  pipe:close()
  return paths
end

-- A document is named as its reader sees it: from the folder of the file, the
-- modules, the specs, or the top.
local function find(path, name)
  local own = path:match "^(.*/)" or ""
  for _, folder in ipairs { own, "lua/truto/", "spec/", "" } do
    local file = io.open(folder .. name)
    if file then
      file:close()
      return folder .. name
    end
  end
end

-- A comment's text without what begins its lines.
local function plain(text)
  return (text:gsub("\n[%s%-%*/#]*", " "))
end

local function has_heading(path, heading)
  local pattern = "\n#+ " .. heading:gsub("%p", "%%%0") .. "\n"
  return ("\n" .. documents.read(path)):find(pattern) ~= nil
end

-- Calls `take(path, name, heading)` for each citation.
local function each_citation(take)
  for _, path in ipairs(sources()) do
    local text = plain(documents.read(path))
    for name, position in text:gmatch "([%w_/]*%u%u%u+%.md)()" do
      local heading = text:match('^, "([^"]+)"', position)
      take(path, name, heading)
    end
  end
end

describe("a citation", function()
  it("names a document that is there, and one of its headings", function()
    local found, headings = 0, 0
    each_citation(function(path, name, heading)
      local document = find(path, name)
      assert.is_truthy(document, path .. " cites " .. name)
      if heading then
        assert.is_true(has_heading(document, heading),
          ("%s cites %s, %q"):format(path, name, heading))
        headings = headings + 1
      end
      found = found + 1
    end)
    assert.is_true(found >= 10)
    assert.is_true(headings >= 6)
  end)
end)
