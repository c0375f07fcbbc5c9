--- What the sandbox answers: the API's routes, limits and errors.

local cjson = require "cjson"
local curl = require "support.curl"
local sandbox_module = require "truto.sandbox"

local request = curl.request

local function codes(body)
  local found = {}
  for i, failure in ipairs(body.details.failures) do
    found[i] = failure.path .. " " .. failure.code
  end
  return found
end

local function is_uuid(text)
  return text:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-"
    .. ("%x"):rep(12) .. "$") ~= nil
end

describe("truto.sandbox answers", function()
  local sandbox

  setup(function()
    sandbox = assert(sandbox_module.start {
      rate_limit = { limit = 100000 },
    })
  end)

  teardown(function() sandbox.stop() end)

  describe("authorization", function()
    local function status_with(header)
      return (request(sandbox, "GET", "/datastore", {
        token = false,
        headers = { header },
      }))
    end

    it("takes the one token, the scheme in any case", function()
      assert.equal(200, status_with("Authorization: Bearer "
        .. sandbox.token))
      assert.equal(200, status_with("Authorization: bearer "
        .. sandbox.token))
    end)

    it("refuses everything else with the error envelope", function()
      assert.equal(401, status_with("Accept: */*"))
      assert.equal(401, status_with("Authorization: Bearer wrong"))
      assert.equal(401, status_with("Authorization: Basic "
        .. sandbox.token))
      assert.equal(401, status_with("Authorization: " .. sandbox.token))
      local _, body, headers = request(sandbox, "GET", "/nowhere", {
        token = false,
      })
      assert.equal(401, body.statusCode)
      assert.equal("Unauthorized", body.error)
      assert.equal("string", type(body.message))
      assert.equal("Bearer", headers["www-authenticate"])
    end)
  end)

  describe("PATCH", function()
    it("changes the label and nothing else", function()
      local _, before = request(sandbox, "GET", "/datastore/ds_s3")
      local status, after = request(sandbox, "PATCH", "/datastore/ds_s3", {
        json = { label = "nightly \195\169 \240\159\152\128" },
      })
      assert.equal(200, status)
      assert.equal("nightly \195\169 \240\159\152\128", after.label)
      assert.are_not.equal(before.updated_at, after.updated_at)
      before.label, before.updated_at = after.label, after.updated_at
      assert.same(before, after)
    end)

    it("keeps fields that were not supplied", function()
      local status, body = request(sandbox, "PATCH", "/datastore/ds_qdrant", {
        json = { config = { port = 443 } },
      })
      assert.equal(200, status)
      assert.same({
        base_url = "https://qdrant.example.com",
        port = 443,
        collection = "documents",
      }, body.config)
      local _, again = request(sandbox, "GET", "/datastore/ds_qdrant")
      assert.same(body, again)
    end)

    it("answers with an empty config where all of it is secret", function()
      assert.equal(200, (request(sandbox, "POST", "/datastore", {
        body = '{"id": "bare", "type": "google_cloud_storage", "label": "",'
          .. ' "config": {"credentials": {"private_key": "k"}}}',
      })))
      local _, _, _, text = request(sandbox, "GET", "/datastore/bare")
      assert.truthy(text:find('"config":{}', 1, true))
    end)

    it("never answers with a secret", function()
      local _, body, _, text = request(sandbox, "PATCH", "/datastore/ds_gcs", {
        json = {
          config_secret = "canary-1",
          config = { credentials = { private_key = "canary-2" } },
        },
      })
      assert.same({ bucket = "acme-exports" }, body.config)
      assert.falsy(text:find("canary", 1, true))
      local _, _, _, list = request(sandbox, "GET", "/datastore")
      for _, hidden in ipairs { "canary", "api_key", "secret", "PRIVATE" } do
        assert.falsy(list:find(hidden, 1, true))
      end
    end)

    it("finds every problem, in order, and changes nothing", function()
      local _, before = request(sandbox, "GET", "/datastore/ds_qdrant")
      local status, body = request(sandbox, "PATCH", "/datastore/ds_qdrant", {
        body = '{"type": "s3", "label": 7, "config_secret": null, "config":'
          .. ' {"port": 70000, "api_key": "****", "kollection": "canary"}}',
      })
      assert.equal(400, status)
      assert.equal(400, body.statusCode)
      assert.equal("Bad Request", body.error)
      assert.same({
        "label type_mismatch",
        "config_secret type_mismatch",
        "type unknown_field",
        "config.port out_of_range",
        "config.kollection unknown_field",
      }, codes(body))
      assert.equal("cannot be changed", body.details.failures[3].message)
      assert.falsy(cjson.encode(body):find("canary", 1, true))
      assert.same(before, select(2, request(sandbox, "GET",
        "/datastore/ds_qdrant")))
    end)

    it("refuses null, which nobody documents", function()
      local _, body = request(sandbox, "PATCH", "/datastore/ds_s3", {
        body = '{"config": {"region": null}}',
      })
      assert.same({ "config.region null_unknown" }, codes(body))
      assert.truthy(body.message:find("is null", 1, true))
    end)

    it("takes an empty object, since every member is optional", function()
      assert.equal(200, (request(sandbox, "PATCH", "/datastore/ds_s3", {
        body = "{}",
      })))
    end)

    it("takes only a JSON object", function()
      for body, status in pairs {
        [""] = 400, ["{"] = 400, ["[]"] = 400, ["3"] = 400, ["null"] = 400,
        ['{"label": NaN}'] = 400, [("["):rep(100)] = 400,
        ['{"config": ' .. ('{"a":'):rep(70) .. "1" .. ("}"):rep(71)] = 400,
      } do
        assert.equal(status, (request(sandbox, "PATCH", "/datastore/ds_s3", {
          body = body,
        })), body)
      end
      assert.equal(415, (request(sandbox, "PATCH", "/datastore/ds_s3", {
        headers = { "Content-Type: text/plain" },
        flags = "--http1.1 -d '{}'",
      })))
    end)

    it("refuses a body over 16 MiB and keeps the connection", function()
      local url = sandbox.base_url .. "/datastore/ds_s3"
      local common = " -o /dev/null -w '%{http_code} ' "
        .. curl.bearer(sandbox) .. " --http1.1 --cacert "
        .. curl.quote(sandbox.ca_file) .. " " .. url
      assert.equal("413 200 ", curl.shell("head -c 17000000 /dev/zero |"
        .. " curl -q -sS --noproxy '*' -X PATCH --data-binary @- -H Expect:"
        .. " -H 'Content-Type: application/json'" .. common
        .. " --next --noproxy '*' -sS" .. common))
    end)
  end)

  describe("GET", function()
    it("shows a datastore of each type", function()
      for id, type_name in pairs {
        ds_mongo = "mongo_data_api", ds_gcs = "google_cloud_storage",
        ds_s3 = "s3", ds_qdrant = "qdrant",
      } do
        local status, body = request(sandbox, "GET", "/datastore/" .. id)
        assert.equal(200, status)
        assert.equal(id, body.id)
        assert.equal(type_name, body.type)
        assert.truthy(is_uuid(body.environment_id))
        assert.truthy(body.created_at:find(
          "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$"))
      end
    end)

    it("does not find what is not there", function()
      local status, body = request(sandbox, "GET", "/datastore/none")
      assert.equal(404, status)
      assert.same({
        statusCode = 404,
        error = "Not Found",
        message = "Datastore not found",
      }, body)
    end)

    it("lists page by page", function()
      local ids, cursor = {}, nil
      repeat
        local status, page = request(sandbox, "GET", "/datastore?limit=2"
          .. (cursor and "&next_cursor=" .. cursor or ""))
        assert.equal(200, status)
        assert.equal(2, page.limit)
        assert.truthy(#page.result <= 2)
        for _, item in ipairs(page.result) do ids[#ids + 1] = item.id end
        cursor = page.next_cursor
      until cursor == cjson.null
      assert.equal("ds_mongo ds_gcs ds_s3 ds_qdrant",
        table.concat(ids, " ", 1, 4))
    end)

    it("filters the list, and an empty one is a list", function()
      local _, page = request(sandbox, "GET", "/datastore?type=s3&id=ds_s3")
      assert.equal(1, #page.result)
      assert.equal("ds_s3", page.result[1].id)
      local _, _, _, text = request(sandbox, "GET", "/datastore?id=%6eone")
      assert.equal('{"result":[],"next_cursor":null,"limit":100}', text)
    end)

    local function ids_of(query)
      local status, page = request(sandbox, "GET", "/datastore?" .. query, {
        flags = "--http1.1 --globoff",
      })
      assert.equal(200, status, query)
      local ids = {}
      for i, item in ipairs(page.result) do ids[i] = item.id end
      return table.concat(ids, " ")
    end

    it("takes an empty cursor or limit for none, as SDKs send it", function()
      local all = ids_of ""
      assert.matches("^ds_mongo ds_gcs ds_s3 ds_qdrant", all)
      for _, query in ipairs { "next_cursor=", "limit=", "next_cursor",
        "next_cursor=&limit=", "&", "limit=&type=s3&next_cursor=" } do
        assert.equal(query:find "type" and "ds_s3" or all, ids_of(query))
      end
    end)

    it("serves id, type and their [in], however they are written", function()
      for query, expected in pairs {
        ["id=ds_s3"] = "ds_s3",
        ["id=%64s_s3"] = "ds_s3",
        ["id[in]=ds_s3,ds_gcs"] = "ds_gcs ds_s3",
        ["id%5Bin%5D=ds_s3%2Cds_gcs"] = "ds_gcs ds_s3",
        ["id[in][]=ds_s3&id[in][]=ds_gcs"] = "ds_gcs ds_s3",
        ["id[in][0]=ds_s3&id[in][1]=ds_gcs"] = "ds_gcs ds_s3",
        ["id[in]=ds_s3"] = "ds_s3",
        ["type[in]=s3,qdrant"] = "ds_s3 ds_qdrant",
        ["type[in]=s3,qdrant&id[in]=ds_gcs,ds_s3"] = "ds_s3",
        ["type[in]=s3&id=ds_gcs"] = "",
        ["id="] = "",
        ["id[in]="] = "",
        ["type[in]=s3,qdrant&limit=1"] = "ds_s3",
      } do
        assert.equal(expected, ids_of(query), query)
      end
    end)

    it("refuses any other name, which would give out everything", function()
      for _, query in ipairs {
        "label=x", "ids=ds_s3", "ID=ds_s3", "id[eq]=ds_s3", "id[in]x=ds_s3",
        "id[in][a]=ds_s3", "id[]=ds_s3", "label[in]=a", "environment_id=x",
        "page=2", "cursor=", "=x", "created_at[gt]=2024", "limit[in]=1",
        "next_cursor[]=",
      } do
        local status, body = request(sandbox, "GET", "/datastore?"
          .. query:gsub("%[", "%%5B"):gsub("%]", "%%5D"))
        assert.equal(400, status, query)
        assert.matches("known are limit, next_cursor, id", body.message, 1,
          true)
      end
    end)

    it("refuses a wrong query", function()
      for _, query in ipairs {
        "limit=0", "limit=x", "limit=1e3", "limit=5000", "next_cursor=7",
        "id=%zz", "id=a&id=b", "limit=1&limit=2",
      } do
        assert.equal(400, (request(sandbox, "GET", "/datastore?" .. query)),
          query)
      end
    end)
  end)

  describe("POST and DELETE", function()
    it("make a datastore and remove it", function()
      local status, made = request(sandbox, "POST", "/datastore", {
        json = {
          type = "s3",
          label = "made",
          config = { bucket = "b", secret_access_key = "canary" },
        },
      })
      assert.equal(200, status)
      assert.same({ bucket = "b" }, made.config)
      assert.truthy(is_uuid(made.id), made.id)
      local path = "/datastore/" .. made.id
      assert.same(made, select(2, request(sandbox, "GET", path)))
      local gone, body = request(sandbox, "DELETE", path)
      assert.equal(200, gone)
      assert.same({ id = made.id }, body)
      assert.equal(404, (request(sandbox, "GET", path)))
      assert.equal(404, (request(sandbox, "DELETE", path)))
    end)

    it("take what the reference has for a new one, without its secret",
      function()
        local body = {
          type = "qdrant", label = "full", config = { api_key = "canary-1" },
          config_secret = "canary-2", validation_methods = { "uploadObject" },
        }
        local status, made, _, text = request(sandbox, "POST", "/datastore",
          { json = body })
        assert.equal(200, status)
        assert.equal("full", made.label)
        assert.is_nil(text:find("canary", 1, true))
        assert.is_nil(made.validation_methods)
        assert.equal(200, (request(sandbox, "DELETE",
          "/datastore/" .. made.id)))
        body.validation_methods = cjson.empty_array
        status, made = request(sandbox, "POST", "/datastore", { json = body })
        assert.equal(200, status)
        assert.equal(200, (request(sandbox, "DELETE",
          "/datastore/" .. made.id)))
      end)

    it("refuse wrong secrets and methods", function()
      for text, code in pairs {
        ['"config_secret": 5'] = "config_secret type_mismatch",
        ['"config_secret": null'] = "config_secret type_mismatch",
        ['"validation_methods": "list"'] = "validation_methods type_mismatch",
        ['"validation_methods": [1]'] = "validation_methods type_mismatch",
        ['"validation_methods": {"a": "b"}'] =
          "validation_methods type_mismatch",
      } do
        local _, body = request(sandbox, "POST", "/datastore", {
          body = '{"type": "s3", "label": "l", "config": {}, ' .. text .. "}",
        })
        assert.same({ code }, codes(body), text)
      end
    end)

    it("take an id, once, as one segment of the path", function()
      local options = {
        json = {
          id = "a/b ?", type = "qdrant", label = "odd", config = { port = 1 },
          environment_id = "env_2",
        },
      }
      local status, made = request(sandbox, "POST", "/datastore", options)
      assert.equal(200, status)
      assert.equal("env_2", made.environment_id)
      assert.equal(409, (request(sandbox, "POST", "/datastore", options)))
      assert.equal(200, (request(sandbox, "GET", "/datastore/a%2Fb%20%3F")))
      assert.equal(404, (request(sandbox, "GET", "/datastore/a/b%20%3F")))
      assert.equal(200, (request(sandbox, "DELETE",
        "/datastore/a%2fb%20%3f")))
    end)

    it("refuse what is incomplete or unknown", function()
      local _, body = request(sandbox, "POST", "/datastore", {
        body = '{"id": "", "colour": 1}',
      })
      assert.same({ "type missing_field", "label missing_field",
        "config missing_field", "colour unknown_field", "id invalid_value",
      }, codes(body))
      _, body = request(sandbox, "POST", "/datastore", {
        body = '{"type": "postgresql", "label": "l", "config": {}}',
      })
      assert.same({ "type invalid_value" }, codes(body))
      _, body = request(sandbox, "POST", "/datastore", {
        body = '{"type": "google_cloud_storage", "label": "l", "config": {}}',
      })
      assert.same({ "config.credentials missing_field" }, codes(body))
    end)

    it("test a connection where the API can", function()
      for _, id in ipairs { "ds_s3", "ds_gcs" } do
        local status, body = request(sandbox, "POST",
          "/datastore/" .. id .. "/test/list", { body = "{}" })
        assert.equal(200, status)
        assert.is_true(body.success)
      end
      assert.equal(400, (request(sandbox, "POST",
        "/datastore/ds_qdrant/test/list", { body = "{}" })))
      assert.equal(404, (request(sandbox, "POST",
        "/datastore/none/test/list", { body = "{}" })))
    end)

    it("take the body of a test in any media type, as an SDK sends it",
      function()
        for _, kind in ipairs { "text/plain;charset=UTF-8",
          "application/json" } do
          assert.equal(200, (request(sandbox, "POST",
            "/datastore/ds_s3/test/uploadObject", {
              flags = "--http1.1 -d '{\"key\": \"k\"}'",
              headers = { "Content-Type: " .. kind },
            })))
        end
        assert.equal(400, (request(sandbox, "POST",
          "/datastore/ds_s3/test/uploadObject", { body = "[" })))
      end)
  end)

  describe("routing", function()
    it("names the methods of a path", function()
      for path, allowed in pairs {
        ["/datastore"] = "GET, POST",
        ["/datastore/ds_s3"] = "GET, PATCH, DELETE",
        ["/datastore/ds_s3/test/x"] = "POST",
      } do
        local status, body, headers = request(sandbox, "PUT", path)
        assert.equal(405, status)
        assert.equal(405, body.statusCode)
        assert.equal(allowed, headers.allow)
      end
    end)

    it("knows no other path", function()
      for _, path in ipairs {
        "/", "/datastores", "/datastore/", "/datastore//", "//datastore",
        "/datastore/ds_s3/", "/datastore/../datastore", "/datastore/%2e%2e",
        "/datastore/ds_s3/test", "/datastore/ds_s3/test/",
      } do
        assert.equal(404, (request(sandbox, "GET", path)), path)
      end
      assert.equal(400, (request(sandbox, "GET", "/datastore/%2")))
    end)

    it("answers HEAD without a body", function()
      local status, _, _, text = request(sandbox, "HEAD", "/datastore", {
        flags = "--http1.1 --head",
      })
      assert.equal(405, status)
      assert.equal("", text)
    end)
  end)

  describe("the rate limit", function()
    it("is 500 in 10 seconds unless asked otherwise", function()
      local other = assert(sandbox_module.start {
        rate_limit = { headers = true },
      })
      local _, _, headers = request(other, "GET", "/datastore")
      other.stop()
      assert.equal("500", headers["ratelimit-limit"])
      assert.equal("499", headers["ratelimit-remaining"])
      local reset = tonumber(headers["ratelimit-reset"])
      assert.truthy(reset >= 0 and reset <= 10)
    end)

    it("shows in headers only if that is asked for", function()
      local _, _, headers = request(sandbox, "GET", "/datastore")
      assert.is_string(headers["content-type"])
      for name in pairs(headers) do
        assert.is_nil(name:find("ratelimit", 1, true), name)
      end
    end)

    it("refuses with 429 and Retry-After when it is used up", function()
      for _, shows in ipairs { true, false } do
        local other = assert(sandbox_module.start {
          rate_limit = { limit = 2, window = 600, headers = shows },
        })
        local seen = {}
        for i = 1, 3 do
          local status, body, headers = request(other, "GET", "/datastore/x")
          seen[i] = ("%d %s %s"):format(status,
            tostring(headers["ratelimit-remaining"]),
            tostring(headers["retry-after"]))
          assert.equal(status, body.statusCode)
        end
        local unauthorized = request(other, "GET", "/", { token = false })
        other.stop()
        assert.same(shows and { "404 1 nil", "404 0 nil", "429 0 600" }
          or { "404 nil nil", "404 nil nil", "429 nil 600" }, seen)
        assert.equal(401, unauthorized)
      end
    end)
  end)
end)
