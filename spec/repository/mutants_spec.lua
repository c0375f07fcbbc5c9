-- The mutations of spec/mutants/list.lua can still be made: what they change,
-- and what must fail for it, is there.

local mutants = require "mutants.list"
local tree = require "mutants.tree"

describe("a mutant", function()
  for number, mutant in ipairs(mutants) do
    it(("%d can be made: %s"):format(number, mutant.breaks), function()
      local source = tree.read(mutant.file)
      assert.equal(1, tree.count(source, mutant.text), mutant.file)
      assert.not_equal(mutant.text, mutant.becomes)
    end)

    it(number .. " has specs that must fail for it", function()
      local specs = tree.read(mutant.spec)
      assert.is_true(tree.count(specs, mutant.filter) >= 1,
        mutant.spec .. ": " .. mutant.filter)
    end)
  end

  it("is one of 40 at least, of both languages", function()
    local kinds = { c = 0, lua = 0 }
    for _, mutant in ipairs(mutants) do
      local kind = mutant.file:match "%.(%w+)$"
      kinds[kind] = kinds[kind] + 1
    end
    assert.is_true(#mutants >= 40 and kinds.c >= 10 and kinds.lua >= 10)
  end)
end)
