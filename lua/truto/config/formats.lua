--- What texts look like: URLs.

local M = {}

-- Far above any endpoint; bounds the work on a text that is no URL at all.
local MAX_URL = 8192

-- Host, port, and where they end: names and IPv4 addresses, then IPv6, then
-- both behind a user.
local SCHEME, USER = "^[hH][tT][tT][pP][sS]?://", "[^/?#]*@"
local NAME, ADDRESS = "([%w%.%-_~%%]+)", "(%[[%x:%.]+%])"
local PORT = ":?(%d*)()"
local STARTS = {
  SCHEME .. NAME .. PORT,
  SCHEME .. ADDRESS .. PORT,
  SCHEME .. USER .. NAME .. PORT,
  SCHEME .. USER .. ADDRESS .. PORT,
}
local WITH_USER = 3 -- the first of those behind a user

-- What may follow the host: a path, a query, a fragment.
local FOLLOWS = { ["/"] = true, ["?"] = true, ["#"] = true, [""] = true }

--- Host and port of an absolute http or https URL. As in browsers, what
--- follows the host may be any printable ASCII.
---@param text string
---@return string? host nil if the text is not such a URL
---@return integer? port
---@return integer? rest where path, query and fragment begin
---@return boolean? has_user whether a user stands before the host
function M.url(text)
  if #text > MAX_URL then return nil end
  for i = 1, #STARTS do
    local host, port, stop = text:match(STARTS[i])
    if host and FOLLOWS[text:sub(stop, stop)] then
      -- A host has nothing else; what a user holds is yet to be seen.
      if not text:find("^[!-~]*$", i < WITH_USER and stop or 1) then
        return nil
      end
      port = port ~= "" and tonumber(port) or nil
      if port and (port < 1 or port > 65535) then return nil end
      return host, port, stop, i >= WITH_USER
    end
  end
  return nil
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
---@param host string
---@param parent string lower-case
---@return boolean
function M.is_below(host, parent)
  host = host:lower()
  return host == parent or host:sub(-#parent - 1) == "." .. parent
end

return M
