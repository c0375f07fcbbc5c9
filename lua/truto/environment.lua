--- What truto takes from the environment, and from nowhere else.

local core = require "truto.core"
local errors = require "truto.errors"
local secret = require "truto.secret"

local M = {}

-- sandbox/CONTRACT.md, "Transport": documented.
M.DEFAULT_BASE_URL = "https://api.truto.one"

-- Where an empty variable means the same as none.
local function variable(name)
  local value = os.getenv(name)
  if value == "" then return nil end
  return value
end

local function failure(code, message)
  return nil, errors.new { kind = "setup", code = code, message = message }
end

local TOKEN, TOKEN_FILE = "TRUTO_API_TOKEN", "TRUTO_API_TOKEN_FILE"

local function missing_token()
  for _, name in ipairs { TOKEN, TOKEN_FILE } do
    if os.getenv(name) then
      return failure("missing_token", "no API token: " .. name
        .. " is set, but empty")
    end
  end
  return failure("missing_token", "no API token: set TRUTO_API_TOKEN or "
    .. "TRUTO_API_TOKEN_FILE, or pass token to truto.new")
end

--- The token, as a secret that is read when needed.
---@return truto.Secret?
---@return truto.Error? err kind `"setup"`
function M.token()
  if variable(TOKEN) then return secret.env(TOKEN) end
  local path = variable(TOKEN_FILE)
  -- Who mixes up the two variables has put the token there; then this is shown.
  if path then
    return core.secret.file(path, "that TRUTO_API_TOKEN_FILE names")
  end
  return missing_token()
end

-- A variable that says where requests go and whom they trust. Who has set it
-- does not mean the public service, even if nothing came of it.
local function never_empty(name, code, remedy)
  local value = os.getenv(name)
  if value ~= "" then return value end
  return failure(code, name .. " is set, but empty: " .. remedy)
end

---@return string?
---@return truto.Error? err `invalid_base_url`
function M.base_url()
  local url, err = never_empty("TRUTO_BASE_URL", "invalid_base_url",
    "give it a URL, or unset it for " .. M.DEFAULT_BASE_URL)
  if err then return nil, err end
  return url or M.DEFAULT_BASE_URL
end

--- A file with the only authorities to trust, as a sandbox needs it.
---@return string?
---@return truto.Error? err `ca_file_unreadable`
function M.ca_file()
  return never_empty("TRUTO_CA_FILE", "ca_file_unreadable",
    "give it the path of a PEM file, or unset it for the system's authorities")
end

--- What to print of the client's doings: `debug`, or nothing.
---@return string?
function M.log() return variable "TRUTO_LOG" end

--- The proxy for https, and the hosts that go without; nothing else of the
--- proxy variables is looked at.
---@return string? proxy
---@return string? no_proxy
function M.proxy()
  return variable "https_proxy" or variable "HTTPS_PROXY",
    variable "no_proxy" or variable "NO_PROXY"
end

return M
