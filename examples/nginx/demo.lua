-- `make demo-nginx`: the site of this directory, with a local Truto behind
-- it, as a secrets manager sees it through curl. Exits with 0 when every
-- answer was as it should be.

package.path = "spec/?.lua;" .. package.path

local nginx = require "support.nginx"
local sandbox = require "truto.sandbox"

local HERE = "examples/nginx/"
local SECRET = "only-the-secrets-manager-knows"

local function read_all(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- The file as it stands, on a free port, with no folder of the system in it,
-- under the user who runs this.
local function adapted()
  local text = read_all(HERE .. "nginx.conf")
  text = text:gsub("load_module [^\n]*\n", "")
  text = text:gsub("127%.0%.0%.1:8080", "127.0.0.1:$port")
  text = text:gsub("pid nginx%.pid;",
    "pid $folder/pid; daemon off;\n$modules\n$main")
  return (text:gsub("http {", [[http {
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;]], 1))
end

local service = assert(sandbox.start())
local secrets = { token = os.tmpname(), rotate = os.tmpname() }
for name, text in pairs { token = service.token, rotate = SECRET } do
  local file = assert(io.open(secrets[name], "w"))
  file:write(text, "\n")
  file:close()
end

local files = {}
for _, name in ipairs { "settings.lua", "rotate.lua", "nightly.lua" } do
  files[name] = read_all(HERE .. name)
end

local root = io.popen("pwd"):read "*l"
local site = nginx.start {
  configuration = adapted(),
  files = files,
  environment = table.concat({
    "TRUTO_API_TOKEN_FILE=" .. secrets.token,
    "TRUTO_BASE_URL=" .. service.base_url,
    "TRUTO_CA_FILE=" .. service.ca_file,
    "ROTATE_SECRET_FILE=" .. secrets.rotate,
    "NIGHTLY_DATASTORE_ID=ds_mongo",
    "NIGHTLY_AT=" .. os.date("!%H:%M"),
    ("LUA_PATH='%s/lua/?.lua;%s/lua/?/init.lua;;'"):format(root, root),
    ("LUA_CPATH='%s/build/luajit/?.so;;'"):format(root),
  }, " "),
}

local all_good = true

local function check(good, ...)
  print(...)
  if not good then
    print "NOT as it should be"
    all_good = false
  end
end

local function rotate(title, id, secret, body, wanted)
  local status, answer = site:get("/rotate/" .. id, ("-d '%s' -H %s"):format(
    body, "'X-Rotate-Secret: " .. secret .. "'"))
  print("\n" .. title)
  print("curl -d '" .. body:gsub("new%-key", "[secret]") .. "' -H "
    .. "'X-Rotate-Secret: [secret]' " .. site.url .. "/rotate/" .. id)
  check(status == wanted, status, (answer:gsub("\n$", "")))
end

local KEY = '{"config":{"access_key_id":"AKIA2",'
  .. '"secret_access_key":"new-key"}}'

rotate("A key has changed", "ds_s3", SECRET, KEY, 200)
rotate("Somebody who does not know the secret", "ds_s3", "guess", KEY, 403)
rotate("An empty key: nothing is sent, or it would wipe the stored one",
  "ds_s3", SECRET, '{"config":{"access_key_id":"AKIA2",'
    .. '"secret_access_key":""}}', 422)
rotate("A misspelt field: nothing is sent", "ds_qdrant", SECRET,
  [[{"config":{"api_kee":"new-key"}}]], 422)
rotate("A datastore that does not exist", "ds_none", SECRET, KEY, 404)

print "\nThe nightly timer, on one of two workers"
check(true, site:wait_for "nightly: [^\n,]*")
local _, runs = site:log():gsub("nightly: ds_mongo", "")
check(runs == 1, runs .. " run")

site:signal "QUIT"
check(site:ended(), "\nnginx has left")
site:stop()
service.stop()
os.remove(secrets.token)
os.remove(secrets.rotate)
print(all_good and "\nAll answers are as they should be."
  or "\nAn answer is not as it should be.")
os.exit(all_good and 0 or 1)
