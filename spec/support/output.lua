--- busted's output in these specs: quiet while it goes well, everything
-- about what does not, and one countable last line.

local lfs = require "lfs"

local SLOWEST = 5
-- What may appear in the working directory during a run.
local GENERATED = { build = true }
local MARKS = { pending = "s", failure = "F", error = "E" }

local function vm_name()
  return rawget(_G, "jit") and "LuaJIT" or _VERSION
end

local function mark(status)
  io.write(MARKS[status] or ".")
  io.flush()
end

local function place(formatted)
  local trace = formatted.element.trace or formatted.trace
  if not (trace and trace.short_src) then return "" end
  return ("%s:%d: "):format(trace.short_src, trace.currentline or 0)
end

local function text_of(message)
  if type(message) == "string" then return message end
  return message == nil and "" or require("pl.pretty").write(message)
end

local function print_bad(kind, bad)
  io.write("\n", kind, " ", place(bad), bad.name or "", "\n")
  io.write(text_of(bad.message), "\n")
  local traceback = bad.trace and bad.trace.traceback
  if traceback and traceback ~= "" then io.write(traceback, "\n") end
  if bad.randomseed then
    io.write("random seed: ", bad.randomseed, "\n")
  end
end

local function print_pending(pending)
  local reason = text_of(pending.message)
  io.write("SKIPPED ", place(pending), pending.name, ": ",
    reason ~= "" and reason or "no reason given", "\n")
end

local function print_slowest(durations)
  table.sort(durations, function(a, b) return a.seconds > b.seconds end)
  for index = 1, math.min(SLOWEST, #durations) do
    local one = durations[index]
    io.write(("%8.3f s  %s\n"):format(one.seconds, one.name))
  end
end

local function append_counts(path, ...)
  local file = assert(io.open(path, "a"))
  file:write(table.concat({ ... }, " "), "\n")
  file:close()
end

local function names_here()
  local names = {}
  for name in lfs.dir(".") do names[name] = true end
  return names
end

-- The names that were not in `before`, sorted.
local function left_behind(before)
  local names = {}
  for name in pairs(names_here()) do
    if not (before[name] or GENERATED[name]) then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

-- A file left in the working directory is an error of the run.
local function check_left_behind(busted, before)
  local names = left_behind(before)
  if #names == 0 then return end
  busted.publish({ "error", "file" },
    { descriptor = "file", name = "the working directory" }, nil,
    "the specs left behind: " .. table.concat(names, ", "), {})
end

local function print_counts(handler)
  local passed = handler.successesCount
  local failed = handler.failuresCount + handler.errorsCount
  local pending = handler.pendingsCount
  local path = os.getenv "TRUTO_TEST_RESULTS"
  if path then append_counts(path, passed, failed, pending) end
  io.write(("%s: %d passed, %d failed%s\n"):format(vm_name(), passed, failed,
    pending > 0 and ", " .. pending .. " skipped" or ""))
end

local function print_report(handler, durations)
  io.write("\n")
  for _, bad in ipairs(handler.failures) do print_bad("FAILED", bad) end
  for _, bad in ipairs(handler.errors) do print_bad("ERROR", bad) end
  for _, pending in ipairs(handler.pendings) do print_pending(pending) end
  print_slowest(durations)
  print_counts(handler)
end

return function()
  local busted = require "busted"
  local handler = require "busted.outputHandlers.base"()
  local durations = {}
  local before = names_here()

  function handler.testEnd(element, _, status)
    durations[#durations + 1] = {
      seconds = element.duration or 0,
      name = handler.getFullName(element),
    }
    mark(status)
    return nil, true
  end

  function handler.outsideError()
    mark "error"
    return nil, true
  end

  function handler.suiteEnd()
    check_left_behind(busted, before)
    print_report(handler, durations)
    return nil, true
  end

  busted.subscribe({ "test", "end" }, handler.testEnd)
  busted.subscribe({ "suite", "end" }, handler.suiteEnd)
  for _, kind in ipairs { "file", "describe" } do
    busted.subscribe({ "error", kind }, handler.outsideError)
    busted.subscribe({ "failure", kind }, handler.outsideError)
  end

  return handler
end
