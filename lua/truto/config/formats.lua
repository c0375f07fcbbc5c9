--- What texts look like: URLs and masks.

local M = {}

-- Far above any endpoint; bounds the work on a text that is no URL at all.
local MAX_URL = 8192

-- No secret that could be pasted whole by mistake is shorter than its mask.
local MAX_MASK = 128

-- Whole texts that stand where a secret was, or is still to come.
local MASKS = {
  "^[xX][xX][xX]+$",
  "^%.%.%.+$",
  "^#+$",
  "^%[[%a%s_%-]+%]$", -- [REDACTED], [secret]
  "^%([%a%s_%-]+%)$", -- (hidden)
  "^<[^<>]+>$", -- <your_api_key>
  "^%${[%w_]+}$", -- ${API_KEY}
  "^%$[A-Z][A-Z_]+$", -- $API_KEY
  "^{{[^{}]+}}$", -- {{ api_key }}
}

local WORDS = { redacted = true, masked = true, hidden = true, filtered = true }

--- Scheme, host and port of an absolute http or https URL.
---@param text string
---@return string? scheme lower-case; nil if the text is no such URL
---@return string? host lower-case
---@return integer? port
function M.url(text)
  if #text > MAX_URL or text:find("[^!#-;=?-Z%[%]_a-z~]") then return nil end
  local scheme, authority = text:match("^(%a+)://([^/?#]+)")
  scheme = scheme and scheme:lower()
  if scheme ~= "http" and scheme ~= "https" then return nil end
  local place = authority:match("@([^@]*)$") or authority
  local host, port = place:match("^([%w%.%-_~%%]+):?(%d*)$")
  if not host then host, port = place:match("^(%[[%x:%.]+%]):?(%d*)$") end
  if not host then return nil end
  port = port ~= "" and tonumber(port) or nil
  if port and (port < 1 or port > 65535) then return nil end
  return scheme, host:lower(), port
end

--- A URL for people who print: without user, password and query, which may
--- hold a key.
---@param text string
---@return string? shown nil if it is no URL
function M.printable(text)
  if not M.url(text) then return nil end
  return (text:gsub("^(%a+://)[^/?#]*@", "%1[secret]@")
    :gsub("%?[^#]*", "?[secret]"))
end

--- Whether a host is the given one or below it.
---@param host string lower-case, as all hosts here
---@param parent string
---@return boolean
function M.is_below(host, parent)
  return host == parent or host:sub(-#parent - 1) == "." .. parent
end

--- Whether a text stands for a secret instead of being one: `****`,
--- `[REDACTED]`, `<your_api_key>`, a variable that was never filled in.
---@param text string
---@return boolean
function M.is_mask(text)
  if text:find("***", 1, true) then return true end
  if #text > MAX_MASK then return false end
  if text:find("\226\128\162\226\128\162", 1, true) then return true end
  for i = 1, #MASKS do
    if text:find(MASKS[i]) then return true end
  end
  local lower = text:lower()
  return WORDS[lower] or lower:find("^your[_%-%s]") ~= nil
end

return M
