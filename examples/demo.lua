-- `make demo`: starts the sandbox and changes one datastore of each type in
-- it, over HTTPS, through the C module and libcurl. Exits with 0 when every
-- step did what it should.

-- show.lua stands beside this file.
package.path = arg[0]:match "^(.-)[^/]*$" .. "?.lua;" .. package.path

local sandbox = require "truto.sandbox"
local show = require "show"
local truto = require "truto"

local service = assert(sandbox.start())
local client = truto.assert(truto.new {
  base_url = service.base_url,
  token = service.token,
  ca_file = service.ca_file,
})

-- truto only changes datastores; curl reads them back, so that what is shown
-- does not rest on the library under demonstration. The token goes into a
-- file, since other users can see a process's arguments.
local function read_back(id)
  local settings = os.tmpname()
  local file = assert(io.open(settings, "w"))
  file:write('header = "Authorization: Bearer ', service.token, '"\n')
  file:write('url = "', service.base_url, "/datastore/", id, '"\n')
  file:write('cacert = "', service.ca_file, '"\nsilent\nshow-error\n')
  file:close()
  local pipe = assert(io.popen("curl --config " .. settings))
  local text = pipe:read "*a"
  pipe:close()
  os.remove(settings)
  return require "cjson".decode(text)
end

local function is_labelled(label)
  return function(datastore) return datastore.label == label end
end

-- What is secret here is made up, for the sandbox alone; a script for real
-- datastores takes its secrets from truto.secret.env, .file, .fd or .stdin.
local STEPS = {
  {
    title = "MongoDB Data API: a new label",
    id = "ds_mongo",
    changes = { label = "nightly exports" },
    holds = is_labelled "nightly exports",
    shows = "the label is the new one",
  },
  {
    title = "S3: another bucket; the other fields are not named",
    id = "ds_s3",
    changes = { config = truto.config.s3 { bucket = "exports-2027" } },
    holds = function(datastore, before)
      return datastore.config.bucket == "exports-2027"
        and datastore.config.region == before.config.region
        and datastore.config.access_key_id == before.config.access_key_id
    end,
    shows = "the bucket is new; region and access_key_id are as before",
  },
  {
    title = "Qdrant: a number, and a rotated key as a secret",
    id = "ds_qdrant",
    changes = { config = truto.config.qdrant {
      port = 6335, api_key = truto.secret "a-key-that-is-never-shown",
    } },
    holds = function(datastore, before)
      return datastore.config.port == 6335
        and datastore.config.api_key == nil
        and datastore.config.collection == before.config.collection
    end,
    shows = "the port is new; the key is kept and not given out",
  },
  {
    title = "Google Cloud Storage: new secret credentials",
    id = "ds_gcs",
    changes = {
      label = "archive",
      config_secret = truto.secret "credentials-never-shown",
    },
    holds = function(datastore)
      return datastore.label == "archive" and datastore.config_secret == nil
    end,
    shows = "the label is new; config_secret is kept and not given out",
  },
}

local function take(step)
  print("\n" .. step.title)
  local before = read_back(step.id)
  print("PATCH /datastore/" .. step.id .. " " .. show(step.changes))
  local datastore, err, meta =
    client.datastore.update(step.id, step.changes)
  if not datastore then error(tostring(err), 0) end
  print(("HTTP %d in %.1f ms %s"):format(meta.status, meta.elapsed * 1000,
    show(datastore)))
  local held = step.holds(read_back(step.id), before)
  print("read back: " .. (held and step.shows or "NOT as it should be"))
  return held
end

local function fail_on_purpose()
  print "\nAn id that does not exist: the API says so"
  local datastore, err = client.datastore.update("ds_none", { label = "x" })
  print("nil, " .. tostring(err))
  print(("kind %s, code %s, outcome %s"):format(err.kind, err.code,
    err.outcome))
  return not datastore and err.status == 404 and err.outcome == "rejected"
end

print("truto " .. truto._VERSION .. " with the sandbox at "
  .. service.base_url)
local done = true
for _, step in ipairs(STEPS) do done = take(step) and done end
done = fail_on_purpose() and done
client.close()
service.stop()
print(done and "\nAll steps did what they should."
  or "\nA step did not do what it should.")
os.exit(done and 0 or 1, true)
