--- Tries the mutants of list.lua: `lua5.4 spec/mutants/run.lua`.
-- Each is applied alone to a copy of the tree under build/mutants. Its
-- specs must pass in the copy without it, and one of them must fail with it.
-- What is left of MUTANTS_ONLY, a Lua pattern, are those whose `breaks`
-- matches it. MUTANTS_AT_ONCE copies are worked on at the same time, two
-- unless given.

package.path = "spec/?.lua;" .. package.path

local mutants = require "mutants.list"
local tree = require "mutants.tree"

local VM = "lua5.4"
local FOLDER = "build/mutants"
local SECONDS = 120 -- for the specs of one mutant

local function key(mutant)
  return mutant.spec .. " " .. mutant.filter
end

local function chosen()
  local pattern, list = os.getenv "MUTANTS_ONLY" or "", {}
  for _, mutant in ipairs(mutants) do
    if mutant.breaks:find(pattern) then list[#list + 1] = mutant end
  end
  assert(#list > 0, "MUTANTS_ONLY fits no mutant")
  return list
end

-- What became of the specs: "passed", "failed", or why that is not known.
local function run_specs(copy, mutant)
  local passed, failed, status = copy:run(mutant.spec, mutant.filter, SECONDS)
  if status == 124 then return "took more than " .. SECONDS .. " s" end
  -- A crash is as good as a spec that failed.
  if not passed then return status > 1 and "failed" or "did not start" end
  if passed + failed == 0 then return "no spec fits" end
  return failed > 0 and "failed" or "passed"
end

-- Each set of specs once, without any mutant. Returns what is wrong.
local function check_unchanged(copy, seen, mutant)
  if not seen[key(mutant)] then
    seen[key(mutant)] = run_specs(copy, mutant)
  end
  local became = seen[key(mutant)]
  if became ~= "passed" then return "without it: " .. became end
end

-- Returns what is wrong, or nothing when the mutant was noticed.
local function try(copy, seen, mutant)
  local wrong = check_unchanged(copy, seen, mutant)
  if wrong then return wrong end
  wrong = copy:change(mutant.file, mutant.text, mutant.becomes)
  if wrong then return wrong end
  local became = copy:build() and run_specs(copy, mutant) or "does not build"
  copy:restore(mutant.file)
  if became == "passed" then return "SURVIVED" end
  if became ~= "failed" then return became end
end

-- This process' share of the list, told line by line. True: all is well.
local function work(index, count)
  local copy = tree.copy(FOLDER .. "/" .. index, VM)
  assert(copy:build(), "the tree does not build")
  local well, seen = true, {}
  for number, mutant in ipairs(chosen()) do
    if number % count == index - 1 then
      local started = os.time()
      local wrong = try(copy, seen, mutant)
      print(("%-8s %3d s  %s: %s"):format(wrong and "WRONG" or "noticed",
        os.time() - started, mutant.file,
        mutant.breaks .. (wrong and ": " .. wrong or "")))
      io.stdout:flush()
      well = well and not wrong
    end
  end
  return well
end

local function start_all(count)
  local parts = {}
  for index = 1, count do
    parts[index] = ("%s %s %d %d & p%d=$!"):format(arg[-1], arg[0], index,
      count, index)
  end
  for index = 1, count do
    parts[#parts + 1] = ("wait $p%d || bad=1"):format(index)
  end
  return "bad=0\n" .. table.concat(parts, "\n") .. "\nexit $bad"
end

if arg[1] then
  os.exit(work(tonumber(arg[1]), tonumber(arg[2])) and 0 or 1, true)
end
local ended = os.execute(start_all(tonumber(
  os.getenv "MUTANTS_AT_ONCE" or 2)))
local well = ended == true or ended == 0
print(("%d mutants, %s"):format(#chosen(), well and "all noticed"
  or "NOT all noticed"))
os.exit(well and 0 or 1, true)
