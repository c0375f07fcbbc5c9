-- Lists: filters become a query, pages become an iterator.

local drivers = require "support.driver"
local filters = require "truto.filters"

local function page(ids, cursor, more)
  local result = {}
  for i, id in ipairs(ids) do result[i] = { id = id } end
  local answer = { result = result, next_cursor = cursor, limit = 2 }
  for name, value in pairs(more or {}) do answer[name] = value end
  return { answer, nil, { status = 200 } }
end

-- What stands in the query of each attempt.
local function client_of(script)
  local client, driver = drivers.client(script)
  local attempt, queries = driver.attempt, {}
  function driver.attempt(handle, operation, query, sending)
    local text = {}
    for i, pair in ipairs(query) do text[i] = pair[1] .. "=" .. pair[2] end
    queries[#queries + 1] = table.concat(text, "&")
    return attempt(handle, operation, query, sending)
  end
  return client, queries
end

local function ids_of(client, ...)
  local ids = {}
  for one in client.datastore.each(...) do ids[#ids + 1] = one.id end
  return table.concat(ids, " ")
end

describe("filters", function()
  local function query_of(given)
    local checked = filters.check { given }
    assert.same({}, checked.issues)
    local text = {}
    for i, pair in ipairs(checked.values[1]) do
      text[i] = pair[1] .. "=" .. pair[2]
    end
    return table.concat(text, "&")
  end

  it("become a query, in one order", function()
    assert.equal("", query_of(nil))
    assert.equal("", query_of {})
    assert.equal("id[in]=a,b", query_of { id = { "a", "b" } })
    assert.equal("created_at[gt]=2024-09-01&created_at[lt]=2025&limit=10"
      .. "&next_cursor=&type=s3", query_of {
        type = "s3", limit = 10, next_cursor = "",
        created_at = { gt = "2024-09-01", lt = 2025 } })
    assert.equal("id[not_in]=a,b", query_of { id = { not_in = { "a", "b" } } })
    assert.equal("a[ne]=x&b=true", query_of { ["a[ne]"] = "x", b = true })
    assert.equal("n=9007199254740992", query_of { n = 2 ^ 53 })
  end)

  it("that could find everything, or cannot be sent, are refused", function()
    local function null() end
    for expected, given in pairs {
      ["filters.id empty_filter"] = { id = {} },
      ["filters.type empty_filter"] = { type = "" },
      ["filters.id[2] empty_filter"] = { id = { "a", "" } },
      ["filters.id.in empty_filter"] = { id = { ["in"] = "" } },
      ["filters.id[1] invalid_value"] = { id = { "a,b" } },
      ["filters.id[1] type_mismatch"] = { id = { {} } },
      ["filters.id type_mismatch"] = { id = null },
      ["filters.n type_mismatch"] = { n = 0.5 },
      ["filters.m type_mismatch"] = { m = 0 / 0 },
      ["filters.limit out_of_range"] = { limit = 0 },
      ["filters[1] unknown_field"] = { "a" },
      ["filters[?] unknown_field"] = { [""] = "a" },
      ["filters.id mixed_table"] = { id = { "b", gt = "a" } },
      ["filters.id[?] unknown_field"] = { id = { [true] = "a" } },
    } do
      local issues = filters.check({ given }).issues
      assert.equal(1, #issues, expected)
      assert.equal(expected, issues[1].path .. " " .. issues[1].code)
    end
  end)

  it("are looked at before anything is sent", function()
    local client, queries = client_of { page {} }
    local found, err, meta = client.datastore.list { id = {} }
    assert.is_nil(found)
    assert.same({ "validation", "empty_filter", 0 },
      { err.kind, err.code, meta.attempts })
    assert.same({}, queries)
  end)
end)

describe("a page", function()
  it("arrives as it was sent", function()
    local client = client_of { page({ "a" }, "next", { more = 1 }) }
    assert.same({ result = { { id = "a" } }, next_cursor = "next", limit = 2,
      more = 1 }, (client.datastore.list()))
  end)

  it("that is none is an error", function()
    for _, answer in ipairs {
      {}, { result = "x" }, { result = { a = 1 } }, { result = { "a" } },
      { result = { { id = "a" }, 5 } }, { result = {}, next_cursor = 5 },
      { result = { {}, [3] = {} } },
    } do
      local client = client_of { { answer, nil, { status = 200 } } }
      local found, err, meta = client.datastore.list()
      assert.is_nil(found)
      assert.same({ "response", "not_a_page", "unknown", 200, 1 },
        { err.kind, err.code, err.outcome, err.status, meta.attempts })
    end
  end)
end)

describe("each", function()
  it("follows the cursors, over empty pages too, to one that is empty",
    function()
    local client, queries = client_of {
      page({ "a", "b" }, "1"), page({}, "2"), page({ "c" }, ""),
    }
    assert.equal("a b c", ids_of(client, { type = "s3" }))
    assert.same({ "type=s3", "next_cursor=1&type=s3",
      "next_cursor=2&type=s3" }, queries)
  end)

  it("begins at a cursor, and leaves the filters alone", function()
    local client, queries = client_of { page({ "a" }, "2"), page { "b" } }
    local given = { next_cursor = "1", id = { "a", "b" } }
    for _ in client.datastore.each(given) do given.id[1] = "changed" end
    assert.equal("1", given.next_cursor)
    assert.same({ "id[in]=a,b&next_cursor=1", "id[in]=a,b&next_cursor=2" },
      queries)
  end)

  local function raises(client, pattern, given)
    local line
    local done, message = pcall(function()
      line = debug.getinfo(1, "l").currentline + 1
      for _ in client.datastore.each(given) do line = line + 0 end
    end)
    assert.is_false(done)
    assert.is_string(message)
    assert.matches("list_spec.lua:" .. line .. ": truto: " .. pattern, message)
  end

  it("ends with an error on a cursor that comes again", function()
    raises(client_of { page({ "a" }, "1"), page({ "b" }, "1") },
      "cursor_repeats")
    raises(client_of { page({ "a" }, "1"), page({ "b" }, "2"),
      page({ "c" }, "1") }, "cursor_repeats")
    raises(client_of { page({}, "1") }, "cursor_repeats",
      { next_cursor = "1" })
  end)

  it("raises what fails, at the loop's line, as text", function()
    raises(client_of { page({ "a" }, "1"), drivers.api(403) }, "http_403")
    raises(client_of { page {} }, "empty_filter", { id = {} })
  end)

  it("is over after an error", function()
    local client = client_of { drivers.api(403), page { "a" } }
    local next_one = client.datastore.each()
    assert.is_false((pcall(next_one)))
    assert.is_nil(next_one())
  end)

  it("raises for a client that was closed meanwhile", function()
    local client = client_of { page({ "a" }, "1"), page { "b" } }
    local next_one = client.datastore.each()
    assert.equal("a", next_one().id)
    client.close()
    local done, message = pcall(next_one)
    assert.is_false(done)
    assert.matches("client_closed", message)
  end)

  it("raises at the call for misuse", function()
    local client = client_of { page {} }
    for pattern, values in pairs {
      ["filters must be a table, not a string"] = { "x" },
      ["unknown option 'limits'"] = { {}, { limits = 1 } },
      ["call it with a dot"] = { client.datastore },
    } do
      local done, message = pcall(function()
        local _ = client.datastore.each(values[1], values[2])
      end)
      assert.is_false(done)
      assert.matches("list_spec.lua:%d+: datastore.each: " .. pattern, message)
    end
  end)
end)
