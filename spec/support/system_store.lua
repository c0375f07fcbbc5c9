--- The system's store of authorities for one child process: a private mount
--- namespace in which other files stand where libcurl looks for it. Only root
--- may make one.

local process = require "process"
local vm = require "support.vm"

local M = {}

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read "*a"
  pipe:close()
  return (text:gsub("%s+$", ""))
end

local bundle, directory = process.libcurl_store()

--- Why the store of a child cannot be another here, or nil.
---@param wanted? "directory" the store must have one
---@return string?
function M.missing(wanted)
  if output_of "unshare -m true 2>&1 && echo allowed" ~= "allowed" then
    return "no private mounts here: unshare -m is for root on Linux"
  end
  if not bundle then return "this libcurl has no bundle of authorities" end
  if wanted == "directory" and not directory then
    return "this libcurl has no directory of authorities"
  end
  return nil
end

local function hash_of(file)
  return output_of("openssl x509 -noout -hash -in " .. quote(file))
end

-- Shell text that makes what the namespace shows, in `folder`.
local function make(folder, given)
  local lines = { "set -e", "cd " .. quote(folder), "mkdir directory" }
  for _, file in ipairs(given.directory or {}) do
    lines[#lines + 1] = ("cp %s directory/%s.0"):format(quote(file),
      hash_of(file))
  end
  if given.dangling then
    lines[#lines + 1] = "ln -s /nowhere directory/01234567.0"
  end
  lines[#lines + 1] = ("cp %s bundle"):format(
    quote(given.bundle or "/dev/null"))
  return table.concat(lines, "\n")
end

-- Shell text that puts it where libcurl looks. The bundle can stand in the
-- directory.
local function mount(folder, given)
  local lines = {}
  local inside = directory
    and bundle:sub(1, #directory + 1) == directory .. "/"
  if inside and given.bundle then
    lines[#lines + 1] = ("cp %s/bundle %s/directory/%s"):format(quote(folder),
      quote(folder), quote(bundle:sub(#directory + 2)))
  elseif not inside then
    lines[#lines + 1] = ("mount --bind %s/bundle %s"):format(quote(folder),
      quote(bundle))
  end
  if directory then
    lines[#lines + 1] = ("mount --bind %s/directory %s"):format(quote(folder),
      quote(directory))
  end
  return table.concat(lines, "\n")
end

--- What a child prints whose system trusts what is given.
---@param given table `bundle`: a PEM file, without it there is none;
---  `directory`: list of PEM files, one authority in each; `dangling`: a link
---  in the directory leads nowhere
---@param code string Lua
---@return string
function M.run(given, code)
  local folder = output_of 'mktemp -d "${TMPDIR:-/tmp}/truto-store.XXXXXX"'
  local path = folder .. "/child.lua"
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local script = table.concat({
    make(folder, given), mount(folder, given), "cd " .. quote(output_of "pwd"),
    "exec " .. vm.command .. " " .. quote(path),
  }, "\n")
  local output = output_of("unshare -m sh -c " .. quote(script) .. " 2>&1")
  os.execute("rm -rf " .. quote(folder))
  return output
end

return M
