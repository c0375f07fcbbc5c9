--- The documents for people, taken apart: their code blocks, links, headings.

local M = {}

function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

--- Every document of this tree, sorted.
---@return string[] paths as `examples/README.md`
function M.paths()
  local pipe = assert(io.popen "find . -name '*.md' -not -path './build/*'")
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = path:sub(3) end
  pipe:close()
  table.sort(paths)
  return paths
end

--- The fenced blocks of one language.
---@param path string
---@param language string
---@return { path: string, line: integer, lines: string[] }[] blocks with the
---  line where each begins
function M.blocks(path, language)
  local found, current, number = {}, nil, 0
  for line in (M.read(path) .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    if current and line == "```" then
      found[#found + 1] = current
      current = nil
    elseif current then
      current.lines[#current.lines + 1] = line
    elseif line == "```" .. language then
      current = { path = path, line = number, lines = {} }
    end
  end
  return found
end

--- The blocks of one language in all documents.
function M.all_blocks(language)
  local all = {}
  for _, path in ipairs(M.paths()) do
    for _, block in ipairs(M.blocks(path, language)) do
      all[#all + 1] = block
    end
  end
  return all
end

--- A `console` block as steps: lines that begin with `$ ` are commands, what
--- follows is what each prints.
---@param block { lines: string[] }
---@return { command: string, output: string }[]
function M.steps(block)
  local steps = {}
  for _, line in ipairs(block.lines) do
    local command = line:match "^%$ (.*)"
    if command then
      steps[#steps + 1] = { command = command, output = "" }
    else
      local step = steps[#steps]
      step.output = step.output .. line .. "\n"
    end
  end
  return steps
end

--- The files and headings that a document links to inside of this tree.
---@param path string
---@return { file: string, heading?: string }[]
function M.links(path)
  local links = {}
  local folder = path:match "^(.*/)[^/]*$" or ""
  for target in M.read(path):gmatch "%]%(([^)%s]+)%)" do
    if not target:find "^%a+:" then
      local file, heading = target:match "^([^#]*)#?(.*)$"
      links[#links + 1] = {
        file = file == "" and path or folder .. file,
        heading = heading ~= "" and heading or nil,
      }
    end
  end
  return links
end

--- The names under which the headings of a document can be linked to.
---@param path string
---@return table<string, true>
function M.headings(path)
  local names = {}
  for title in ("\n" .. M.read(path)):gmatch "\n#+ ([^\n]+)" do
    local name = title:lower():gsub("[^%w _-]", ""):gsub(" ", "-")
    names[name] = true
  end
  return names
end

return M
