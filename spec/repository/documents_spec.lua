-- What the documents for people show is run as typed, and what they name is
-- there.

local documents = require "support.documents"
local sandbox = require "truto.sandbox"
local session = require "support.session"

local LONGEST_README = 350 -- lines

describe("a document's", function()
  local service, person
  setup(function()
    service = assert(sandbox.start())
    person = session.start(service)
  end)
  teardown(function()
    person:stop()
    service.stop()
  end)

  local examples = documents.all_blocks "lua"

  it("examples are found", function() assert.is_true(#examples >= 6) end)

  for _, example in ipairs(examples) do
    it(("example runs, %s:%d"):format(example.path, example.line), function()
      person:write("example.lua", table.concat(example.lines, "\n"))
      local output, status = person:run "lua example.lua"
      assert.equal(0, status, output)
    end)
  end

  -- `cat` shows a file that the reader is to have: it is made of the text.
  local function take(step)
    local name = step.command:match "^cat (%S+)$"
    if name then return person:write(name, step.output) end
    local output = person:run(step.command)
    local expected, rest = step.output:match "^(.-)(%.%.%.\n)$"
    if not rest then return assert.equal(step.output, output) end
    assert.equal(expected, output:sub(1, #expected))
  end

  local sessions = documents.all_blocks "console"

  it("sessions are found", function() assert.is_true(#sessions >= 1) end)

  for _, block in ipairs(sessions) do
    it(("session prints what it shows, %s:%d"):format(block.path, block.line),
      function()
        for _, step in ipairs(documents.steps(block)) do take(step) end
      end)
  end

  it("links lead to files and headings that are there", function()
    local count = 0
    for _, path in ipairs(documents.paths()) do
      for _, link in ipairs(documents.links(path)) do
        local where = path .. ": " .. link.file
        assert.is_truthy(io.open(link.file), where)
        if link.heading then
          assert.is_true(documents.headings(link.file)[link.heading],
            where .. "#" .. link.heading)
        end
        count = count + 1
      end
    end
    assert.is_true(count >= 10)
  end)

  it("targets of make are there", function()
    local makefile = "\n" .. documents.read "Makefile"
    for _, path in ipairs(documents.paths()) do
      -- In a block of code, or quoted in a sentence.
      local text = documents.read(path):gsub("\n    make ", "`make ")
      for target in text:gmatch "`make (%l[%l-]*)" do
        assert.is_truthy(makefile:find("\n" .. target .. ":", 1, true),
          path .. ": make " .. target)
      end
    end
  end)
end)

describe("README.md", function()
  local text = documents.read "README.md"

  it("is short", function()
    local _, lines = text:gsub("\n", "")
    assert.is_true(lines <= LONGEST_README, lines .. " lines")
  end)

  it("leads to every chapter", function()
    local linked = {}
    for _, link in ipairs(documents.links "README.md") do
      linked[link.file] = true
    end
    for _, path in ipairs(documents.paths()) do
      if path ~= "README.md" and not path:find "^spec/" then
        assert.is_true(linked[path], path)
      end
    end
  end)

  it("names every option and every kind of error", function()
    for name in documents.read("lua/truto/options.lua")
      :gmatch "%-%-%-@field ([%w_]+)" do
      assert.is_truthy(text:find("`" .. name .. "`", 1, true), name)
    end
    local kinds = documents.read("lua/truto/errors.lua")
      :match "^(.-)@alias truto.Outcome"
    for kind in kinds:gmatch '%-%-%-| "(%l+)" ' do
      assert.is_truthy(text:find("| `" .. kind .. "` |", 1, true), kind)
    end
  end)
end)
