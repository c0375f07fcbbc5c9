--- Copies of the tree in which one file at a time is changed.

local M = {}

local Copy = {}
Copy.__index = Copy

--- The content of a file.
---@param path string
---@return string
function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- How often a text stands in another.
---@param text string
---@param part string
---@return integer
function M.count(text, part)
  local count, position = 0, 1
  while true do
    local first, last = text:find(part, position, true)
    if not first then return count end
    count, position = count + 1, last + 1
  end
end

-- The status that a shell command ended with.
local function status_of(command)
  local result, _, code = os.execute(command)
  if type(result) == "number" then return math.floor(result / 256) end
  return code
end

local function run(command)
  assert(status_of(command) == 0, command)
end

--- What specs need stands in the copy, objects that are built already too.
---@param folder string which is made anew
---@param vm string as the Makefile's LUA
function M.copy(folder, vm)
  run("rm -rf " .. folder .. " && mkdir -p " .. folder .. "/build")
  run("cp -a csrc lua spec examples Makefile *.md *.rockspec .luacheckrc "
    .. folder)
  run("if test -d build/" .. vm .. "; then cp -a build/" .. vm .. " "
    .. folder .. "/build; fi")
  return setmetatable({ folder = folder, vm = vm }, Copy)
end

--- False when the compiler refuses.
---@return boolean
function Copy:build()
  return status_of(("make -s -C %s LUA=%s build-test > %s/build.log 2>&1")
    :format(self.folder, self.vm, self.folder)) == 0
end

--- Runs specs by a busted filter.
---@return integer? passed nil when the run did not come to its end
---@return integer? failed
---@return integer status 124 when it took longer than `seconds`
function Copy:run(spec, filter, seconds)
  local counts = self.folder .. "/counts"
  os.remove(counts)
  local status = status_of(("cd %s && TRUTO_TEST_RESULTS=counts timeout -k 5 "
    .. "%d %s spec/support/run.lua %s '--filter=%s' > specs.log 2>&1"):format(
    self.folder, seconds, self.vm, spec, filter))
  local file = io.open(counts)
  if not file then return nil, nil, status end
  local passed, failed = file:read("*n", "*n")
  file:close()
  return passed, failed, status
end

--- The text must stand in the file once.
---@return string? wrong
function Copy:change(path, text, becomes)
  local before = M.read(path)
  local count = M.count(before, text)
  if count ~= 1 then return ("its text stands %d times"):format(count) end
  local first, last = before:find(text, 1, true)
  write(self.folder .. "/" .. path,
    before:sub(1, first - 1) .. becomes .. before:sub(last + 1))
end

--- As the file is in the tree itself, and newer than what was built of it.
function Copy:restore(path)
  write(self.folder .. "/" .. path, M.read(path))
end

return M
