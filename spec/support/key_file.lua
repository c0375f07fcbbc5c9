--- A service-account key file such as Google gives out, without a real key.

local M = {}

M.TEXT = [[{"type":"service_account","project_id":"p",
  "private_key_id":"1",
"private_key":"-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n",
  "client_email":"a@p.iam.gserviceaccount.com","client_id":"1",
  "auth_uri":"https://accounts.google.com/o/oauth2/auth",
  "token_uri":"https://oauth2.googleapis.com/token",
  "auth_provider_x509_cert_url":"https://www.googleapis.com/oauth2/v1/certs",
  "client_x509_cert_url":"https://www.googleapis.com/robot/v1/metadata/x509/a",
  "universe_domain":"googleapis.com"}]]

---@param path string
function M.write(path)
  local file = assert(io.open(path, "w"))
  file:write(M.TEXT)
  file:close()
end

return M
