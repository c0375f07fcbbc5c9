--- The name under which a service or its network keeps a request: support
--- asks for it.
---
--- sandbox/CONTRACT.md, "Transport": which header Truto sends is unknown.
--- `x-request-id`
--- is what services mostly call it; `cf-ray` is Cloudflare's.

local M = {}

local HEADERS = { "x-request-id", "cf-ray" }

-- What an id looks like; anything else in such a header is not shown.
local LONGEST = 128
local PATTERN = "^[%w%-_.:/+=]+$"

--- The id that came with an answer.
---@param headers? table<string, string> lower-case names
---@return string?
function M.of(headers)
  for _, name in ipairs(HEADERS) do
    local value = headers and headers[name]
    if value and #value <= LONGEST and value:find(PATTERN) then
      return value
    end
  end
end

return M
