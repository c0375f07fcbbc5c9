local changes_check = require "truto.config.changes"
local sandbox = require "truto.sandbox"
local shapes = require "truto.config.shapes"
local tables = require "support.config_cases.tables"
local truto = require "truto"

local config = truto.config
local cases = require "support.config_cases" (truto)

-- A list of issues as the table of cases has them: "code path".
local function brief(list)
  local lines = {}
  for i, issue in ipairs(list) do
    assert.is_string(issue.message)
    lines[i] = issue.code .. " " .. issue.path
  end
  return lines
end

local function check(changes, options)
  local issues, warnings = changes_check.check(changes, options or {})
  return brief(issues), brief(warnings)
end

local function first_message(changes)
  return changes_check.check(changes, {})[1].message
end

describe("the table of cases", function()
  it("has at least 120 rows, and a reason for each difference", function()
    assert.is_true(#cases >= 120, #cases .. " rows")
    for _, case in ipairs(cases) do
      if case.server ~= case.issues then assert.is_string(case.why) end
    end
  end)

  for _, case in ipairs(cases) do
    it("says it of " .. case.name, function()
      local issues, warnings = check({ config = case.config },
        { type = case.type, partial = case.partial })
      assert.same(case.issues, issues)
      assert.same(case.warnings, warnings)
    end)

    if case.type then
      it("says it of the builder's table, " .. case.name, function()
        local built = config[case.type](case.config)
        local issues, warnings = check({ config = built },
          { partial = case.partial })
        assert.same(case.issues, issues)
        assert.same(case.warnings, warnings)
      end)
    end
  end

  -- An empty secret would wipe the stored one.
  local function is_always_refused(line)
    return line:find("^empty_secret ") ~= nil
  end

  local function append(list, more)
    for _, one in ipairs(more) do list[#list + 1] = one end
    return list
  end

  it("is turned into warnings by validate = \"warn\"", function()
    for _, case in ipairs(cases) do
      local refused, warned = {}, {}
      for _, line in ipairs(case.issues) do
        append(is_always_refused(line) and refused or warned, { line })
      end
      local issues, warnings = check({ config = case.config },
        { type = case.type, partial = case.partial, validate = "warn" })
      assert.same(refused, issues, case.name)
      assert.same(append(warned, case.warnings), warnings, case.name)
    end
  end)

  it("has its warnings refused by validate = \"strict\"", function()
    for _, case in ipairs(cases) do
      local expected = append(append({}, case.issues), case.warnings)
      local issues, warnings = check({ config = case.config },
        { type = case.type, partial = case.partial, validate = "strict" })
      assert.same(expected, issues, case.name)
      assert.same({}, warnings, case.name)
      if expected[1] ~= "empty_changes config" then -- is about an update
        local ok, err, meta = config.validate(case.type, case.config,
          { partial = case.partial, validate = "strict" })
        assert.equal(not expected[1] or nil, ok, case.name)
        assert.same(expected, brief(err and err.issues or {}), case.name)
        assert.same({ warnings = {} }, meta)
      end
    end
  end)

  it("is not asked with validate = false", function()
    for _, case in ipairs(cases) do
      local issues, warnings = check({ config = case.config },
        { type = case.type, validate = false })
      assert.same({}, issues)
      assert.same({}, warnings)
    end
  end)
end)

describe("the sandbox, with validate = false,", function()
  local IDS = { mongo_data_api = "ds_mongo", s3 = "ds_s3",
    google_cloud_storage = "ds_gcs", qdrant = "ds_qdrant" }
  local service, client

  setup(function()
    service = assert(sandbox.start { rate_limit = { limit = 100000 } })
    client = assert(truto.new {
      base_url = service.base_url,
      token = service.token,
      ca_file = service.ca_file,
      validate = false,
    })
  end)

  teardown(function()
    client.close()
    service.stop()
  end)

  for _, case in ipairs(cases) do
    it((case.sent and "agrees on " or "never sees ") .. case.name, function()
      local datastore, err = client.datastore.update(IDS[case.on],
        { config = case.config })
      if not case.sent then
        assert.equal("validation", err.kind)
        assert.equal("not_sent", err.outcome)
      elseif case.server[1] then
        assert.equal("rejected", err.outcome, tostring(err))
        assert.same(case.server, brief(err.api.details.failures))
      else
        assert.equal(case.on, assert(datastore, tostring(err)).type)
      end
    end)
  end
end)

describe("the changes of an update", function()
  local ROWS = {
    { "a label", { label = "l" } },
    { "an empty label", { label = "" } },
    { "all three", { label = "l", config = {}, config_secret = "s" } },
    { "a secret", { config_secret = truto.secret "s" } },
    { "the reference page's own example",
      { label = "your_label", config_secret = "your_config_secret" } },
    { "nothing", {}, "empty_changes changes" },
    { "a label as number", { label = 5 }, "type_mismatch label" },
    { "a label as secret", { label = truto.secret "l" },
      "type_mismatch label" },
    { "a config as text", { config = "{}" }, "type_mismatch config" },
    { "a config as false", { config = false }, "type_mismatch config" },
    { "a config as null", { config = truto.null }, "type_mismatch config" },
    { "a config as secret", { config = truto.secret "{}" },
      "type_mismatch config" },
    { "a config_secret as table", { config_secret = {} },
      "type_mismatch config_secret" },
    { "a config_secret as userdata", { config_secret = io.stdout },
      "type_mismatch config_secret" },
    { "a misspelt name", { lable = "l" }, "unknown_field lable" },
    { "a field of a config", { bucket = "b" }, "unknown_field bucket" },
    { "the type", { type = "s3" }, "unknown_field type" },
    { "an id", { id = "ds_1" }, "unknown_field id" },
    { "a list", { "l" }, "unknown_field [1]" },
    { "a name that may be a secret", { ["a b"] = 1 }, "unknown_field [?]" },
    { "65 names", tables.many_keys(65), "unknown_field changes" },
    { "several", { label = 1, config = 2, config_secret = 3, b = 4, a = 5 },
      "type_mismatch label", "type_mismatch config",
      "type_mismatch config_secret", "unknown_field a", "unknown_field b" },
    { "hostile metamethods", tables.hostile { label = "l" } },
  }

  for _, row in ipairs(ROWS) do
    it("with " .. row[1], function()
      local expected = { (table.unpack or unpack)(row, 3) }
      for _, validate in ipairs { true, false, "warn", "strict" } do
        assert.same(expected, (check(row[2], { validate = validate })))
      end
    end)
  end

  it("may not hold a mask for config_secret", function()
    local changes = { config_secret = "[REDACTED]" }
    assert.same({ "placeholder_secret config_secret" }, (check(changes)))
    assert.same({}, (check(changes, { validate = false })))
    local issues, warnings = check(changes, { validate = "warn" })
    assert.same({}, issues)
    assert.same({ "placeholder_secret config_secret" }, warnings)
  end)

  it("may not hold an empty config_secret (S13)", function()
    for _, empty in ipairs { "", "\n", " ", '""' } do
      local changes = { config_secret = empty }
      assert.same({ "empty_secret config_secret" }, (check(changes)))
      assert.same({ "empty_secret config_secret" },
        (check(changes, { validate = "warn" })))
      assert.same({}, (check(changes, { validate = false })))
    end
  end)

  it("warn of a dirty config_secret, and send it", function()
    local changes = { config_secret = "'key'\n" }
    local issues, warnings = check(changes)
    assert.same({}, issues)
    assert.same({ "dirty_secret config_secret" }, warnings)
    assert.same({ "dirty_secret config_secret" },
      (check(changes, { validate = "strict" })))
  end)

  it("that a nil has emptied are told so", function()
    for _, changes in ipairs { {}, { config = {} },
      { config = config.s3 { bucket = nil } },
      { config = config.google_cloud_storage { credentials = {} } } } do
      local issue = changes_check.check(changes, {})[1]
      assert.equal("empty_changes", issue.code)
      assert.matches("a nil in a Lua table is not a field", issue.message, 1,
        true)
    end
    assert.same({}, (check { label = "x", config = {} }))
  end)

  it("may have null for a label, with a warning", function()
    local changes = { label = truto.null }
    for validate, expected in pairs {
      [true] = { {}, { "null_unknown label" } },
      [false] = { {}, {} },
      warn = { {}, { "null_unknown label" } },
      strict = { { "null_unknown label" }, {} },
    } do
      local issues, warnings = check(changes, { validate = validate })
      assert.same(expected, { issues, warnings })
    end
  end)

  it("may not have null for config_secret", function()
    local changes = { config_secret = truto.null }
    for _, validate in ipairs { true, "warn", "strict" } do
      local issues, warnings = check(changes, { validate = validate })
      assert.same({ "empty_secret config_secret" }, issues)
      assert.same({}, warnings)
    end
    assert.same({}, (check(changes, { validate = false })))
  end)

  it("are reported in the order label, config, config_secret", function()
    assert.same({ "type_mismatch label", "out_of_range config.port",
      "placeholder_secret config_secret" },
      (check { config_secret = "***", config = { port = 0 }, label = 1 }))
  end)
end)

describe("a table of a million keys", function()
  it("costs no more than one of 65", function()
    local huge = { bucket = 5 }
    for i = 1, 1e6 do huge[i] = "value" end
    local looked_at = 0
    debug.sethook(function() looked_at = looked_at + 1 end, "", 1000)
    local issues = check({ config = huge }, { type = "s3" })
    check { config = huge }
    check(huge)
    config.validate("google_cloud_storage", { credentials = huge })
    debug.sethook()
    assert.same({ "type_mismatch config.bucket", "unknown_field config" },
      issues)
    assert.is_true(looked_at < 100, looked_at .. " thousand instructions")
  end)
end)

describe("the type of a config", function()
  it("may not be named against the builder's mark", function()
    local issues, warnings = check({ config = config.s3 { bucket = "b" } },
      { type = "qdrant" })
    assert.same({ "ambiguous_type config" }, issues)
    assert.same({}, warnings)
  end)

  it("passes with a warning when it is unknown", function()
    local issues, warnings = check({ config = { host = "h" } },
      { type = "postgresql" })
    assert.same({}, issues)
    assert.same({ "unknown_type config" }, warnings)
    local _, found = changes_check.check({ config = { host = "h" } },
      { type = "qdrnat" })
    assert.matches("did you mean qdrant?", found[1].message, 1, true)
  end)

  it("is explained when nobody named it", function()
    local message = first_message { config = { bucket = "b", regoin = "r" } }
    assert.matches("s3 is closest, it has 1 of the 2 fields", message, 1, true)
  end)

  it("is not guessed when no field resembles any", function()
    assert.equal("is not a field of any known type",
      first_message { config = { host = "h" } })
  end)

  it("is asked for when the fields are of several", function()
    local message = first_message { config = { port = 1, region = "r" } }
    assert.matches("region (s3), port (qdrant)", message, 1, true)
    assert.matches("options.type", message, 1, true)
  end)
end)

describe("a builder", function()
  it("copies the table, credentials too", function()
    local given = { bucket = "b", credentials = { project_id = "p" } }
    local built = config.google_cloud_storage(given)
    built.bucket = "c"
    built.credentials.project_id = "q"
    assert.same({ bucket = "b", credentials = { project_id = "p" } }, given)
  end)

  it("does not show its mark and does not mark the argument", function()
    local given = { bucket = "b" }
    local seen = {}
    for key, value in pairs(config.s3(given)) do seen[key] = value end
    assert.same({ bucket = "b" }, seen)
    assert.is_nil(getmetatable(given))
  end)

  it("never fails on content", function()
    for _, shape in ipairs(shapes) do
      for _, content in ipairs { {}, { 1, 2 }, { zeta = print },
        { credentials = 5 }, tables.cyclic(), tables.hostile { a = 1 } } do
        assert.is_table(config[shape.type](content))
      end
    end
  end)

  it("takes another builder's table and marks it anew", function()
    local issues = check { config = config.qdrant(config.s3 { bucket = "b" }) }
    assert.same({ "unknown_field config.bucket" }, issues)
  end)

  it("keeps its mark when the module is loaded again (A13)", function()
    local built = config.s3 { port = 1 }
    package.loaded["truto.config.mark"] = nil
    local again = require "truto.config.mark"
    assert.equal("s3", again.get(built))
  end)

  it("raises for what is no table, without repeating it", function()
    for _, value in ipairs { "canary", 5, true } do
      local ok, message = pcall(config.s3, value)
      assert.is_false(ok)
      assert.matches("the argument must be a table, not a " .. type(value),
        message, 1, true)
      assert.is_nil(message:find("canary", 1, true))
    end
  end)

  it("says to use a dot", function()
    local ok, message = pcall(function() config:s3 {} end)
    assert.is_false(ok)
    assert.matches("call it with a dot", message, 1, true)
    assert.matches("config_spec", message, 1, true)
  end)
end)

describe("validate", function()
  it("gives true, or nil and the error with all issues", function()
    local ok, err, meta = config.validate("s3", { bucket = "b" })
    assert.is_true(ok)
    assert.is_nil(err)
    assert.same({ warnings = {} }, meta)
    ok, err, meta = config.validate("s3", { bucket = 1, api_key = 1 })
    assert.is_nil(ok)
    assert.equal("validation", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.equal("type_mismatch", err.code)
    assert.same({ "type_mismatch config.bucket",
      "unknown_field config.api_key" }, brief(err.issues))
    assert.equal("truto: type_mismatch: config.bucket: expected a string, "
      .. "received a number (and 1 more)", tostring(err))
    assert.same({ warnings = {} }, meta)
  end)

  it("goes by mark or fields without a type", function()
    assert.is_true(config.validate(nil, config.s3 { region = "r" }))
    assert.is_true(config.validate(nil, { port = 1 }))
    local _, err = config.validate(nil, config.s3 { port = 1 })
    assert.same({ "unknown_field config.port" }, brief(err.issues))
  end)

  it("leaves out what is required if partial", function()
    assert.is_nil(config.validate("google_cloud_storage", {}))
    assert.is_true(config.validate("google_cloud_storage", {},
      { partial = true }))
  end)

  it("takes refusals for warnings, or warnings for refusals", function()
    local given = { port = 0, base_url = "https://a:6334" }
    local ok, err, meta = config.validate("qdrant", given,
      { validate = "warn" })
    assert.is_true(ok)
    assert.is_nil(err)
    assert.same({ "out_of_range config.port", "grpc_port config.base_url" },
      brief(meta.warnings))
    given.port = 1
    ok, err = config.validate("qdrant", given, { validate = "strict" })
    assert.is_nil(ok)
    assert.equal("grpc_port", err.code)
  end)

  it("says which option was meant", function()
    for key, hint in pairs { validat = "did you mean validate?",
      partail = "did you mean partial?", zeta = "known are partial" } do
      local _, message = pcall(config.validate, "s3", {}, { [key] = true })
      assert.matches(hint, message, 1, true)
    end
  end)

  it("warns", function()
    local ok, _, meta = config.validate("postgresql", { host = "h" })
    assert.is_true(ok)
    assert.same({ "unknown_type config" }, brief(meta.warnings))
  end)

  it("returns an error for what is no table", function()
    for _, value in ipairs { "canary", 5, true } do
      for _, type_name in ipairs { "s3", "postgresql" } do
        local ok, err = config.validate(type_name, value)
        assert.is_nil(ok)
        assert.same({ "type_mismatch config" }, brief(err.issues))
        assert.is_nil(tostring(err):find("canary", 1, true))
      end
    end
    assert.is_nil((config.validate(nil, nil)))
  end)

  it("raises for misuse", function()
    for _, arguments in ipairs { { 5, {} }, { "s3", {}, 5 },
      { "s3", {}, { partail = true } }, { "s3", {}, { partial = 1 } },
      { "s3", {}, { validate = "strickt" } }, { "s3", {}, { validate = 1 } },
      { "s3", {}, { validate = false } }, { "s3", {}, { [1] = "strict" } },
      { "s3", {}, { ["canary key"] = 1 } } } do
      local ok, message =
        pcall(config.validate, (table.unpack or unpack)(arguments))
      assert.is_false(ok)
      assert.matches("truto.config.validate", message, 1, true)
      assert.is_nil(message:find("canary", 1, true))
    end
  end)
end)

describe("an update with validate = \"strict\"", function()
  local HALF = { config = { secret_access_key = "s" } }

  -- Nobody listens there: what is not refused fails otherwise.
  local function update(of_client, of_call)
    local client = assert(truto.new { base_url = "http://127.0.0.1:9",
      token = "t", validate = of_client, max_attempts = 1 })
    local _, err, meta = client.datastore.update("ds_1", HALF,
      { validate = of_call })
    client.close()
    return err.code, meta
  end

  it("is refused for what is else a warning", function()
    local code, meta = update(nil, "strict")
    assert.equal("half_credential_pair", code)
    assert.equal(0, meta.attempts)
    assert.same({}, meta.warnings)
    assert.equal("half_credential_pair", (update("strict")))
  end)

  it("can be allowed to a call, or to none", function()
    local code, meta = update("strict", true)
    assert.equal("connection_refused", code)
    assert.same({ "half_credential_pair config.secret_access_key" },
      brief(meta.warnings))
    assert.equal("connection_refused", (update()))
  end)
end)

describe("an update", function()
  it("refuses a wrong config before anything is sent", function()
    local client = assert(truto.new { base_url = "http://127.0.0.1:9",
      token = "t" })
    local datastore, err, meta = client.datastore.update("ds_1",
      { config = { port = "6333", collection = 1 } })
    assert.is_nil(datastore)
    assert.equal("validation", err.kind)
    assert.equal("not_sent", err.outcome)
    assert.same({ "type_mismatch config.port",
      "type_mismatch config.collection" }, brief(err.issues))
    assert.equal(0, meta.attempts)
    client.close()
  end)
end)
