--- The codes of errors, issues and warnings that sources write: whatever is
--- given to a function's parameter `code`, stands in a struct's member `code`,
--- or is assigned to a field `code`.

local M = {}

local CODE = "^[%l][%l%d_]*$"

-- The text without comments; strings stay as they are.
local function without_comments(text, is_c)
  local kept, at = {}, 1
  local opening = is_c and '["\'/]' or '["\'%-%[]'
  local function keep(last)
    kept[#kept + 1] = text:sub(at, last)
    at = last + 1
  end
  local function comment_end(from)
    if is_c and text:sub(from, from + 1) == "/*" then
      return select(2, text:find("*/", from + 2, true))
    elseif not is_c and text:sub(from, from + 1) == "--" then
      return (text:find("\n", from, true) or #text + 1) - 1
    end
  end
  while true do
    local from = text:find(opening, at)
    if not from then break end
    local byte = text:sub(from, from)
    local past = comment_end(from)
    if past then
      keep(from - 1)
      at = past + 1
    elseif byte == '"' or byte == "'" then
      local closing = from + 1
      while text:sub(closing, closing) ~= byte do
        closing = closing + (text:sub(closing, closing) == "\\" and 2 or 1)
      end
      keep(closing)
    else
      keep(from)
    end
  end
  keep(#text)
  return table.concat(kept)
end

local OPENS = { ["("] = true, ["{"] = true, ["["] = true }
local CLOSES = { [")"] = true, ["}"] = true, ["]"] = true }

--- The parts between commas of what a bracket holds.
---@param text string
---@param from integer where the bracket opens
---@return string[] parts
local function split(text, from)
  local parts, depth, start, at = {}, 0, from + 1, from
  while at <= #text do
    local byte = text:sub(at, at)
    if byte == '"' or byte == "'" then
      at = at + 1
      while text:sub(at, at) ~= byte do
        at = at + (text:sub(at, at) == "\\" and 2 or 1)
      end
    elseif OPENS[byte] then
      depth = depth + 1
    elseif CLOSES[byte] then
      depth = depth - 1
    end
    if depth == 0 or depth == 1 and byte == "," then
      parts[#parts + 1] = text:sub(start, at - 1)
      start = at + 1
    end
    if depth == 0 then return parts end
    at = at + 1
  end
  error "a bracket is not closed"
end

-- Where among parameters or members those named kind and code stand.
local function places(list, pattern)
  local found = {}
  for position, text in ipairs(list) do
    local name = text:match(pattern)
    if name == "kind" or name == "code" then found[name] = position end
  end
  return found.code and found
end

local function literals(text)
  local found = {}
  for literal in (text or ""):gmatch '"([^"]*)"' do
    found[#found + 1] = literal
  end
  return found
end

-- Notes what stands in the place of a code. A name must itself be a code's.
local function note(source, found, parts, at)
  local text = parts[at.code]
  if not text then return end
  local constant = text:match "^%s*(%u[%u_]+)%s*$"
  if constant then
    text = source:match("%f[%w_]" .. constant .. '%s*=?%s*("[^"]*")') or text
  end
  local codes = literals(text)
  if not codes[1] and not text:find "code%s*$" then
    error("which code is this? " .. text)
  end
  local kind = literals(parts[at.kind])[1]
  for _, code in ipairs(codes) do
    if not code:find(CODE) then error("a code must be whole: " .. code) end
    found[#found + 1] = { code = code, kind = kind }
  end
end

local function note_calls(source, found, name, at)
  local from = 1
  while true do
    local _, bracket = source:find("%f[%w_]" .. name .. "%(", from)
    if not bracket then return end
    note(source, found, split(source, bracket), at)
    from = bracket + 1
  end
end

local function note_elements(source, found, list, at)
  local inner = list:sub(2, -2)
  if not inner:find "^%s*{" then
    note(source, found, split(list, 1), at)
    return
  end
  for element in inner:gmatch "%b{}" do
    note(source, found, split(element, 1), at)
  end
end

local function note_structs(source, found)
  local plain = source:gsub("#[^\n]*\n", "")
  for name, members, list in plain:gmatch
    "struct%s*([%w_]*)%s*(%b{})%s*[%w_]+%[%]%s*=%s*(%b{})" do
    local at = places(split(members:gsub(";", ","), 1), "([%w_]+)%s*$")
    if at then
      note_elements(plain, found, list, at)
      for one in plain:gmatch("struct " .. name
        .. "%s+[%w_]+%s*=%s*(%b{})") do
        note_elements(plain, found, one, at)
      end
    end
  end
end

--- The functions that a C source declares or defines with a parameter `code`.
---@param text string
---@return table<string, table> places by name of the function
function M.c_functions(text)
  local found = {}
  local source = without_comments(text, true)
  for name, parameters in source:gmatch "([%w_]+)(%b())" do
    if parameters:find "const char %*code" then
      found[name] = places(split(parameters, 1), "([%w_]+)%s*$")
    end
  end
  return found
end

---@class support.SourceCode
---@field code string
---@field kind? string where the source says it beside the code

--- The codes that a C source writes.
---@param text string
---@param functions table<string, table> of the headers, as from `c_functions`
---@return support.SourceCode[]
function M.of_c(text, functions)
  local source, found = without_comments(text, true), {}
  for _, known in ipairs { functions, M.c_functions(text) } do
    for name, at in pairs(known) do note_calls(source, found, name, at) end
  end
  note_structs(source, found)
  for value in source:gmatch '[%->.]code = ("[^"]*")' do
    note(source, found, { value }, { code = 1 })
  end
  return found
end

--- The codes that a Lua source writes.
---@param text string
---@return support.SourceCode[]
function M.of_lua(text)
  local source, found = without_comments(text, false), {}
  for name, parameters in source:gmatch "function ([%w_.:]+)(%b())" do
    local at = places(split(parameters, 1), "([%w_]+)%s*$")
    if at then note_calls(source, found, name:match "[%w_]+$", at) end
  end
  for kind, code in source:gmatch
    'kind = ("[^"]*"),%s*code = ("?[%w_]+"?)' do
    if code:find '^["%u]' then
      note(source, found, { kind, code }, { kind = 1, code = 2 })
    end
  end
  for code in source:gmatch '%f[%w_]code = ("?[%w_]+"?)' do
    if code:find '^["%u]' then note(source, found, { code }, { code = 1 }) end
  end
  return found
end

return M
