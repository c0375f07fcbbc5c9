--- Clients that nobody here wrote, as the sandbox's chapter shows them.

local documents = require "support.documents"
local sandbox_module = require "truto.sandbox"

local CHAPTER = "lua/truto/sandbox/README.md"

local function text_of(language)
  local blocks = documents.blocks(CHAPTER, language)
  assert(#blocks == 1, #blocks .. " blocks of " .. language)
  return table.concat(blocks[1].lines, "\n") .. "\n"
end

local function exists(program)
  local pipe = assert(io.popen("command -v " .. program))
  local path = pipe:read "*l"
  pipe:close()
  return path ~= nil
end

describe("the sandbox takes", function()
  local sandbox, folder
  setup(function()
    sandbox = assert(sandbox_module.start())
    local pipe = assert(io.popen "mktemp -d")
    folder = pipe:read "*l"
    pipe:close()
  end)
  teardown(function()
    sandbox.stop()
    os.execute("rm -r " .. folder)
  end)
  before_each(function() assert(sandbox.reset()) end)

  -- What a program with this text prints, errors included.
  local function run(text, name, interpreter)
    local file = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
    file:close()
    local status = sandbox.run(("%s %s/%s > %s/output 2>&1"):format(
      interpreter, folder, name, folder))
    local output = documents.read(folder .. "/output")
    assert.equal(0, status, output)
    return output
  end

  local function python(text) return run(text, "client.py", "python3") end

  local function node(text)
    return run(text, "client.mjs", 'NODE_EXTRA_CA_CERTS="$TRUTO_CA_FILE" node')
  end

  local function label()
    for _, datastore in ipairs(assert(sandbox.datastores())) do
      if datastore.id == "ds_s3" then return datastore.label end
    end
  end

  it("curl", function()
    assert.matches('"from curl"', run(text_of "sh", "client.sh", "sh"), 1,
      true)
    assert.equal("from curl", label())
  end)

  it("Python's urllib", function()
    assert.equal("from Python\n", python(text_of "python"))
    assert.equal("from Python", label())
  end)

  it("lists whose query Python wrote", function()
    assert.equal("ds_gcs ds_s3 None\n", python [=[
import json, os, ssl, urllib.parse, urllib.request
query = urllib.parse.urlencode(
    [("id[in][]", "ds_s3"), ("id[in][]", "ds_gcs"), ("limit", ""),
     ("next_cursor", "")], quote_via=urllib.parse.quote_plus)
request = urllib.request.Request(
    os.environ["TRUTO_BASE_URL"] + "/datastore?" + query,
    headers={"Authorization": "Bearer " + os.environ["TRUTO_API_TOKEN"]})
trust = ssl.create_default_context(cafile=os.environ["TRUTO_CA_FILE"])
with urllib.request.urlopen(request, context=trust) as answer:
    page = json.load(answer)
print(*[one["id"] for one in page["result"]], page["next_cursor"])
]=])
  end)

  it("Python's requests", function()
    if sandbox.run "python3 -c 'import requests' 2>/dev/null" ~= 0 then
      return pending "python3 has no module requests here"
    end
    assert.equal("from requests\n", python [=[
import os, requests
answer = requests.patch(
    os.environ["TRUTO_BASE_URL"] + "/datastore/ds_s3",
    headers={"Authorization": "Bearer " + os.environ["TRUTO_API_TOKEN"]},
    json={"label": "from requests"}, verify=os.environ["TRUTO_CA_FILE"])
answer.raise_for_status()
print(answer.json()["label"])
]=])
  end)

  if not exists "node" then
    pending "node's fetch: there is no node here"
    return
  end

  it("node's fetch", function()
    assert.equal("from node\n", node(text_of "javascript"))
    assert.equal("from node", label())
  end)

  -- As the official SDK pages: with an empty cursor first.
  it("lists whose query node wrote, page by page", function()
    assert.equal("ds_mongo ds_gcs ds_s3 ds_qdrant\n", node [=[
const ids = []
let cursor = ''
do {
  const query = new URLSearchParams({ limit: 3, next_cursor: cursor,
    'type[in]': 's3,qdrant,google_cloud_storage,mongo_data_api' })
  const answer = await fetch(
    `${process.env.TRUTO_BASE_URL}/datastore?${query}`,
    { headers: { Authorization: `Bearer ${process.env.TRUTO_API_TOKEN}` } })
  const page = await answer.json()
  ids.push(...page.result.map(one => one.id))
  cursor = page.next_cursor || ''
} while (cursor)
console.log(ids.join(' '))
]=])
  end)

  it("node's POST, test and DELETE", function()
    assert.equal("made true 36 200\n", node [=[
const call = async (method, path, body) => {
  const answer = await fetch(process.env.TRUTO_BASE_URL + path, { method,
    headers: { Authorization: `Bearer ${process.env.TRUTO_API_TOKEN}`,
      ...(body && { 'Content-Type': 'application/json' }) },
    body: body && JSON.stringify(body) })
  return [answer.status, await answer.json()]
}
const [, made] = await call('POST', '/datastore?', { type: 's3',
  label: 'made', config: { bucket: 'b' }, config_secret: 's',
  validation_methods: ['uploadObject'] })
const [, tested] = await call('POST', `/datastore/${made.id}/test/uploadObject`)
const [status] = await call('DELETE', `/datastore/${made.id}?`)
console.log(made.label, tested.success, made.id.length, status)
]=])
  end)
end)
