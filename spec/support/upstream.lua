--- A fast upstream for measurements in nginx: HTTPS, a certificate of its
--- own, a given time for every answer.

local nginx = require "support.nginx"

local M = {}

local CERTIFICATE = "openssl req -x509 -newkey ec "
  .. "-pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
  .. "-addext subjectAltName=DNS:localhost -keyout %s -out %s 2>/dev/null"

local function certificate()
  local key, chain = os.tmpname(), os.tmpname()
  assert(os.execute(CERTIFICATE:format(key, chain)))
  local text = {}
  for i, path in ipairs { key, chain } do
    local file = assert(io.open(path, "rb"))
    text[i] = file:read "*a"
    file:close()
    os.remove(path)
  end
  return text[1], text[2]
end

local SERVER = [[
    ssl_certificate chain.pem;
    ssl_certificate_key key.pem;
    keepalive_requests 1000000;
    keepalive_timeout 300s;
    location / { content_by_lua_block {
      ngx.req.read_body()
      ngx.sleep(%s)
      ngx.header["Content-Type"] = "application/json"
      local body = '{"id":"ds_1","type":"s3","label":"x","config":{}}'
      ngx.header["Content-Length"] = #body
      ngx.print(body)
    } }
]]

--- Starts it. The result is what `support.nginx` gives, with `base_url` and
--- `ca_file`.
---@param seconds number until the answer begins
---@return truto.spec.Nginx
function M.start(seconds)
  local key, chain = certificate()
  local upstream = nginx.start {
    listen = " ssl",
    files = { ["key.pem"] = key, ["chain.pem"] = chain },
    server = SERVER:format(seconds),
  }
  upstream.base_url = "https://localhost:" .. upstream.port
  upstream.ca_file = upstream.folder .. "/chain.pem"
  return upstream
end

return M
