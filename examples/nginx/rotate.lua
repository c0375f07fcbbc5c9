-- POST /rotate/<id>: called by a secrets manager when a key has changed. The
-- body is JSON with the new fields of the datastore's config, as
-- {"config": {"access_key_id": "...", "secret_access_key": "..."}}, or
-- {"config_secret": "..."}. The answer is JSON and never holds a secret.

local cjson = require "cjson.safe"
local settings = require "settings"

local M = {}

local STATUS = {
  validation = 422,
  timeout = 504,
  setup = 500,
}

local function answer(status, content)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.say(cjson.encode(content))
end

-- Comparing digests under a key that nobody knows takes the same time
-- wherever the texts differ.
local DIGEST_KEY = ngx.hmac_sha1(tostring({}), tostring(ngx.now()))

local function is_allowed(given)
  local known = settings.rotate_secret:reveal()
  return type(given) == "string" and ngx.hmac_sha1(DIGEST_KEY, given)
    == ngx.hmac_sha1(DIGEST_KEY, known)
end

local function read_changes()
  ngx.req.read_body()
  local body = cjson.decode(ngx.req.get_body_data() or "")
  if type(body) ~= "table" then return nil end
  -- Only keys can be changed here: a label is not a secrets manager's.
  return { config = body.config, config_secret = body.config_secret }
end

-- The caller is told what it can mend, and whether the keys may have changed.
-- Paths, hosts and the like are for error.log.
local function explain(err)
  local status = STATUS[err.kind] or 502
  if err.kind == "api" and err.status == 404 then status = 404 end
  ngx.log(ngx.ERR, tostring(err))
  answer(status, {
    error = err.code,
    issues = err.issues,
    outcome = err.outcome,
  })
end

function M.handle()
  if ngx.req.get_method() ~= "POST" then
    ngx.header["Allow"] = "POST"
    return answer(405, { error = "method_not_allowed" })
  end
  if not is_allowed(ngx.req.get_headers()["X-Rotate-Secret"]) then
    return answer(403, { error = "forbidden" })
  end
  local changes = read_changes()
  if not changes then return answer(400, { error = "not_json" }) end
  local id = ngx.unescape_uri(ngx.var.request_uri:match "^/rotate/([^?]*)")
  local datastore, err = settings.client.datastore.update(id, changes, {
    validate = "strict", -- half a key pair would fit no other half
  })
  if not datastore then return explain(err) end
  answer(200, { id = datastore.id, updated_at = datastore.updated_at })
end

return M
