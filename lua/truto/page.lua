--- Pages of a list, and the iterator over all of them.

local errors = require "truto.errors"

local M = {}

---@class truto.Page
---@field result truto.DatastoreRecord[]
---@field next_cursor? string for the next page; not there on the last one
---@field limit? integer the most that a page has

local function not_a_page(message)
  return {
    kind = "response", code = "not_a_page", outcome = "unknown",
    message = message,
  }
end

local function is_list_of_objects(list)
  local count = 0
  for key, value in next, list do
    count = count + 1
    if type(key) ~= "number" or type(value) ~= "table" then return false end
  end
  return count == #list
end

--- What keeps an answer from being a page.
---@param answer table
---@return table? err kind `"response"`; nil: it is one
function M.refuse(answer)
  local result, cursor = answer.result, answer.next_cursor
  if type(result) ~= "table" then
    return not_a_page "the answer has no list in its member result"
  elseif not is_list_of_objects(result) then
    return not_a_page "the answer's member result is not a list of objects"
  elseif cursor ~= nil and type(cursor) ~= "string" then
    return not_a_page "the answer's member next_cursor is not a string"
  end
end

-- The caller's table may change while the iterator is used.
local function copy(filters)
  local made = {}
  for key, value in next, filters or {} do
    if type(value) == "table" then
      local inner = {}
      for name, one in next, value do inner[name] = one end
      value = inner
    end
    made[key] = value
  end
  return made
end

-- An empty cursor is that of the first page: no more pages.
local function next_cursor(page)
  if page.next_cursor == "" then return nil end
  return page.next_cursor
end

local function repeated_cursor()
  return errors.new {
    kind = "response", code = "cursor_repeats", outcome = "unknown",
    message = "the API gave a next_cursor that it had given before, so the "
      .. "list would never end",
  }
end

-- Returns a function that gives the next page; `nil` behind the last;
-- `nil, err`.
local function pages(list, filters)
  local given, seen, ended = copy(filters), {}, false
  if given.next_cursor ~= nil then seen[given.next_cursor] = true end
  return function()
    if ended then return nil end
    local page, err = list(given)
    local cursor = page and next_cursor(page)
    ended = not cursor
    if not page then return nil, err end
    if cursor and seen[cursor] then
      ended = true
      return nil, repeated_cursor()
    end
    given.next_cursor = cursor
    if cursor then seen[cursor] = true end
    return page
  end
end

--- An iterator over the datastores of all pages. It goes on over a page that is
--- empty but has a cursor, and raises what fails, at the line of the loop.
---@param list fun(filters: table): truto.Page?, truto.Error?
---@param filters? table
---@return fun(): truto.DatastoreRecord?
function M.each(list, filters)
  local next_page = pages(list, filters)
  local page, index = { result = {} }, 0
  return function()
    while index >= #page.result do
      local following, err = next_page()
      if err then errors.raise(err, 2) end
      if not following then return nil end
      page, index = following, 0
    end
    index = index + 1
    return page.result[index]
  end
end

return M
