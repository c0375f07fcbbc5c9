--- The tables that the benchmarks print, as Markdown.

local M = {}

local UNITS = {
  cpu = "us of CPU an update", peak = "MiB at the peak",
  wall = "ms in all",
}

---@param name string
---@param text string
---@param ratio string
function M.row(name, text, ratio)
  print(("| %-38s | %-27s | %-6s |"):format(name, text, ratio))
end

---@param title string
---@param unit string
function M.head(title, unit)
  print(("\n### %s\n"):format(title))
  M.row("program", unit, "ratio")
  M.row("---", "---", "---")
end

--- One figure of each program; for memory what it has more than the
--- reference stands in place of the ratio.
---@param title string
---@param list {name: string}[]
---@param figures table[] as `rounds.run` gives them
---@param name "cpu"|"peak"|"wall"
function M.figures(title, list, figures, name)
  M.head(title, UNITS[name])
  for index, way in ipairs(list) do
    local one = figures[index][name]
    local last = name == "peak" and ("%+.1f"):format(one.more)
      or ("%.2f"):format(one.ratio)
    M.row(way.name, ("%.1f (%.1f to %.1f)"):format(one.median, one.least,
      one.most), last)
  end
end

return M
