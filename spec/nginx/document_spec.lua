-- The configuration that examples/nginx/README.md shows, run as it stands but
-- for its port, its folders, and where this tree's modules are.

local vm = require "support.vm"
if vm.name ~= "luajit" then return end

local documents = require "support.documents"
local nginx = require "support.nginx"
local sandbox = require "truto.sandbox"

if not nginx.find() then
  it("works inside nginx", function()
    pending "nginx with its Lua module is not installed"
  end)
  return
end

local FOLDERS = [[http {
  client_body_temp_path $folder/body;
  proxy_temp_path $folder/proxy;
  fastcgi_temp_path $folder/fastcgi;
  uwsgi_temp_path $folder/uwsgi;
  scgi_temp_path $folder/scgi;]]

local function replace(text, from, to)
  local first, last = text:find(from, 1, true)
  assert.is_truthy(first, from)
  return text:sub(1, first - 1) .. to .. text:sub(last + 1)
end

describe("the configuration in examples/nginx/README.md", function()
  local service, site, token
  setup(function()
    service = assert(sandbox.start())
    token = os.tmpname()
    local file = assert(io.open(token, "w"))
    file:write(service.token)
    file:close()
    local block = documents.blocks("examples/nginx/README.md", "nginx")[1]
    local text = table.concat(block.lines, "\n")
    text = replace(text, "127.0.0.1:8080", "127.0.0.1:$port")
    text = replace(text, "http {", FOLDERS)
    text = replace(text, "/usr/local/share/lua/5.1/?.lua;"
      .. "/usr/local/share/lua/5.1/?/init.lua;;", "$lua_path")
    text = replace(text, "/usr/local/lib/lua/5.1/?.so;;", "$lua_cpath")
    site = nginx.start {
      configuration = "daemon off; pid $folder/pid; "
        .. "error_log $folder/error.log notice;\n$modules\n$main\n"
        .. "env TRUTO_BASE_URL; env TRUTO_CA_FILE;\n" .. text,
      environment = ("TRUTO_API_TOKEN_FILE=%s TRUTO_BASE_URL=%s "
        .. "TRUTO_CA_FILE=%s"):format(token, service.base_url,
        service.ca_file),
    }
  end)
  teardown(function()
    site:signal "QUIT"
    site:ended()
    site:stop()
    service.stop()
    os.remove(token)
  end)

  it("stores what the client means, decoded", function()
    assert.same({ 200, "my label/é\n" },
      { site:get("/rename?label=my%20label%2F%C3%A9", "-X POST") })
  end)

  it("changes nothing on GET, without or with two labels", function()
    assert.equal(405, (site:get "/rename?label=x"))
    assert.equal(400, (site:get("/rename", "-X POST")))
    assert.equal(400, (site:get("/rename?label=a&label=b", "-X POST")))
  end)

  it("tells the client nothing of what fails, and the log all", function()
    service.stop()
    local status, body = site:get("/rename?label=x", "-X POST")
    assert.equal(502, status)
    assert.is_nil(body:find("truto", 1, true))
    assert.is_nil(body:find("127.0.0.1", 1, true))
    site:wait_for "truto: %l+_%l+: "
    service = assert(sandbox.start())
  end)
end)
