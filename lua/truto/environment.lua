--- What truto takes from the environment, and from nowhere else.

local core = require "truto.core"
local errors = require "truto.errors"
local secret = require "truto.secret"

local M = {}

-- sandbox/CONTRACT.md, "Transport": documented.
M.DEFAULT_BASE_URL = "https://api.truto.one"

local function variable(name)
  local value = os.getenv(name)
  if value == "" then return nil end
  return value
end

--- The token, as a secret that is read when needed.
---@return truto.Secret?
---@return truto.Error? err kind `"setup"`
function M.token()
  if variable "TRUTO_API_TOKEN" then return secret.env "TRUTO_API_TOKEN" end
  local path = variable "TRUTO_API_TOKEN_FILE"
  -- Who mixes up the two variables has put the token there; then this is shown.
  if path then
    return core.secret.file(path, "that TRUTO_API_TOKEN_FILE names")
  end
  return nil, errors.new {
    kind = "setup",
    code = "missing_token",
    message = "no API token: set TRUTO_API_TOKEN or TRUTO_API_TOKEN_FILE, or "
      .. "pass token to truto.new; inside nginx a worker sees a variable "
      .. "only if nginx.conf has `env TRUTO_API_TOKEN;`",
  }
end

---@return string
function M.base_url()
  return variable "TRUTO_BASE_URL" or M.DEFAULT_BASE_URL
end

--- A file with the only authorities to trust, as a sandbox needs it.
---@return string?
function M.ca_file() return variable "TRUTO_CA_FILE" end

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
