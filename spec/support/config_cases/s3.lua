--- Rows for s3.

local tables = require "support.config_cases.tables"

local ON_THE_WIRE = "a secret goes over the wire as a string"

local function good(truto)
  return {
    { "nothing", {} },
    { "all fields", { access_key_id = "AKIAIOSFODNN7EXAMPLE",
      secret_access_key = "wJalrXUtnFEMI/K7MDENG", region = "eu-central-1",
      bucket = "b", base_url = "https://s3.example.com" } },
    { "one field", { bucket = "b" } },
    { "an empty text", { region = "" } },
    { "a text with every byte but NUL", { region = "\1\127\"\\/" } },
    { "a secret object", { access_key_id = "A",
      secret_access_key = truto.secret "s" } },
    { "the secret half of the pair", { secret_access_key = "s" },
      warnings = { "half_credential_pair config.secret_access_key" } },
    { "the public half of the pair", { access_key_id = "A" },
      warnings = { "half_credential_pair config.access_key_id" } },
    { "a local endpoint", { base_url = "http://127.0.0.1:9000" } },
    { "an IPv6 endpoint", { base_url = "http://[::1]:9000/" } },
    { "an upper-case scheme", { base_url = "HTTPS://S3.EXAMPLE.COM" } },
    { "a query and a fragment", { base_url = "https://a.b?x=1#f" } },
    { "a user in the URL", { base_url = "https://u:p@a.b/" } },
  }
end

local function wrong_types(truto)
  return {
    { "a number", { bucket = 5 }, "type_mismatch config.bucket" },
    { "a boolean", { region = true }, "type_mismatch config.region" },
    { "false", { region = false }, "type_mismatch config.region" },
    { "null", { region = truto.null }, "type_mismatch config.region" },
    { "an object", { bucket = { name = "b" } }, "type_mismatch config.bucket" },
    { "an empty object", { bucket = {} }, "type_mismatch config.bucket" },
    { "a list", { bucket = { "a", "b" } }, "type_mismatch config.bucket" },
    { "a function", { bucket = print }, "type_mismatch config.bucket",
      sent = false },
    { "a thread", { bucket = coroutine.create(function() end) },
      "type_mismatch config.bucket", sent = false },
    { "userdata", { bucket = io.stdout }, "type_mismatch config.bucket",
      sent = false },
    { "a secret where none belongs", { bucket = truto.secret "s" },
      "type_mismatch config.bucket", server = {}, why = ON_THE_WIRE },
    { "a number as secret", { access_key_id = "A", secret_access_key = 5 },
      "type_mismatch config.secret_access_key" },
  }
end

local function wrong_urls()
  return {
    { "an empty URL", { base_url = "" }, "invalid_url config.base_url" },
    { "a host without scheme", { base_url = "s3.example.com" },
      "invalid_url config.base_url" },
    { "a relative URL", { base_url = "//s3.example.com/x" },
      "invalid_url config.base_url" },
    { "a path", { base_url = "/var/data" }, "invalid_url config.base_url" },
    { "another scheme", { base_url = "s3://bucket" },
      "invalid_url config.base_url" },
    { "no host", { base_url = "https:///x" }, "invalid_url config.base_url" },
    { "a space in the URL", { base_url = "https://a b" },
      "invalid_url config.base_url" },
    { "a line end after the URL", { base_url = "https://a.b\n" },
      "invalid_url config.base_url" },
    { "a URL beyond ASCII", { base_url = "https://b\195\188cher.example" },
      "invalid_url config.base_url" },
    { "port 0 in the URL", { base_url = "https://a:0" },
      "invalid_url config.base_url" },
    { "port 65536 in the URL", { base_url = "https://a:65536" },
      "invalid_url config.base_url" },
    { "letters as port", { base_url = "https://a:b/" },
      "invalid_url config.base_url" },
    { "an endless URL", { base_url = "https://a/" .. ("x"):rep(9000) },
      "invalid_url config.base_url" },
    { "a placeholder as URL", { base_url = "<your_url>" },
      "invalid_url config.base_url" },
    { "a number as URL", { base_url = 443 }, "type_mismatch config.base_url" },
  }
end

local function wrong_names()
  return {
    { "a mask", { access_key_id = "A", secret_access_key = "****" },
      "masked_secret config.secret_access_key" },
    { "a name that misses a letter", { bucke = "b" },
      "unknown_field config.bucke" },
    { "camel case", { accessKeyId = "A" }, "unknown_field config.accessKeyId" },
    { "a field of another type", { collection = "c" },
      "unknown_field config.collection" },
    { "the label inside", { label = "l" }, "unknown_field config.label" },
    { "config inside config", { config = { bucket = "b" } },
      "unknown_field config.config" },
    { "a name that may be a secret", { ["sk live/8f3A+x="] = "v" },
      "unknown_field config[?]" },
    { "a long name", { [("k"):rep(33)] = "v" }, "unknown_field config[?]" },
    { "an empty name", { [""] = "v" }, "unknown_field config[?]" },
    { "a list as config", { "a", "b" }, "unknown_field config[1]",
      "unknown_field config[2]" },
    { "list and fields", { "a", bucket = "b" }, "unknown_field config[1]",
      sent = false },
    { "a boolean as key", { [true] = "v" }, "unknown_field config[?]",
      sent = false },
    { "several unknown fields, sorted", { zeta = 1, alpha = 2, mid = 3 },
      "unknown_field config.alpha", "unknown_field config.mid",
      "unknown_field config.zeta" },
    { "problems in the order of the fields",
      { base_url = "x", bucket = 1, region = 2, zeta = 3, access_key_id = 4,
        secret_access_key = "[REDACTED]" },
      "type_mismatch config.access_key_id",
      "masked_secret config.secret_access_key",
      "type_mismatch config.region", "type_mismatch config.bucket",
      "invalid_url config.base_url", "unknown_field config.zeta" },
    { "65 fields", tables.many_keys(65), "unknown_field config" },
    { "a cycle in an unknown field", { bucket = "b", loop = tables.cyclic() },
      "unknown_field config.loop", sent = false },
    { "hostile metamethods", tables.hostile { bucket = "b" } },
    { "hostile metamethods and a problem", tables.hostile { bucket = 5 },
      "type_mismatch config.bucket" },
  }
end

return { good, wrong_types, wrong_urls, wrong_names }
