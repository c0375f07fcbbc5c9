--- The books of a soak: what the client says beside what the server read.

local M = {}

-- Problems beyond these are counted only.
local SHOWN = 20

-- How often the server read a request of each call. The log is not decoded:
-- it may have a million lines.
local function requests_read(log)
  local counts = {}
  for line in io.lines(log) do
    local number = not line:find('"event"', 1, true)
      and tonumber(line:match '"path": "[^"]*/ds_(%d+)"')
    if number then counts[number] = (counts[number] or 0) + 1 end
  end
  return counts
end

local function fits(reads, attempts, requests)
  if reads == "always" then return requests == attempts end
  if reads == "never" then return requests == 0 end
  return requests <= attempts
end

-- What is wrong with a call, or nil.
local function problem_of(row, attempts, outcome, requests)
  if not fits(row.reads, attempts, requests) then
    return "attempts are not what the server read"
  elseif outcome == "partial" or outcome == "success" and not row.succeeds then
    return "success without a complete answer"
  elseif outcome == "not_sent" and requests > 0 then
    return "not_sent, but the server read it"
  end
end

local function print_problem(i, row, problem, attempts, requests, outcome)
  print(("call %d, %s %s: %s (%d attempts, %d read, %s)"):format(i,
    row.listener or "https", row.fault, problem, attempts, requests, outcome))
end

local function print_sums(calls, attempts, read, tally)
  print(("%d calls: %d success, %d rejected, %d unknown, %d not_sent"):format(
    calls, tally.success or 0, tally.rejected or 0, tally.unknown or 0,
    tally.not_sent or 0))
  print "the server reads   attempts   requests read"
  for _, reads in ipairs { "always", "mostly", "never" } do
    print(("%-16s %10d %15d"):format(reads, attempts[reads], read[reads]))
  end
end

--- Prints the sums, and what is wrong.
---@param rows table[] what calls could meet (soak_rows.lua)
---@param entries table of each call, by its number: `rows` (number of the
---  row), `attempts`, `outcomes`
---@param log string path of the server's log
---@return integer problems how many calls do not fit
function M.audit(rows, entries, log)
  local counts = requests_read(log)
  local sums = { always = 0, mostly = 0, never = 0 }
  local read = { always = 0, mostly = 0, never = 0 }
  local tally, problems = {}, 0
  for i, number in ipairs(entries.rows) do
    local row, requests = rows[number], counts[i] or 0
    local attempts, outcome = entries.attempts[i], entries.outcomes[i]
    sums[row.reads] = sums[row.reads] + attempts
    read[row.reads] = read[row.reads] + requests
    tally[outcome] = (tally[outcome] or 0) + 1
    local problem = problem_of(row, attempts, outcome, requests)
    if problem then
      problems = problems + 1
      if problems <= SHOWN then
        print_problem(i, row, problem, attempts, requests, outcome)
      end
    end
  end
  print_sums(#entries.rows, sums, read, tally)
  return problems
end

return M
