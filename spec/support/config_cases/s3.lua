--- Rows for s3.

local tables = require "support.config_cases.tables"

local ON_THE_WIRE = "a secret goes over the wire as a string"
local NULL = "what null does is not known, so the sandbox refuses it"

local function good(truto)
  return {
    { "nothing", {}, "empty_changes config" },
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
  }
end

local function wrong_types(truto)
  return {
    { "a number", { bucket = 5 }, "type_mismatch config.bucket" },
    { "a boolean", { region = true }, "type_mismatch config.region" },
    { "false", { region = false }, "type_mismatch config.region" },
    { "null", { region = truto.null }, warnings = {
      "null_unknown config.region" }, server = { "null_unknown config.region" },
      why = NULL },
    { "null as secret", { access_key_id = "A",
      secret_access_key = truto.null },
      "empty_secret config.secret_access_key" },
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
      "placeholder_secret config.secret_access_key" },
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
      "placeholder_secret config.secret_access_key",
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

-- Names that people bring from elsewhere.
local function other_names()
  local rows = {}
  for _, name in ipairs { "endpoint", "endpoint_url", "url", "bucket_name",
    "secret_key", "region_name", "aws_access_key_id" } do
    rows[#rows + 1] = { "the name " .. name, { [name] = "v" },
      "unknown_field config." .. name }
  end
  return rows
end

local function doubtful_names()
  local BUCKET = "config.bucket"
  return {
    { "a bucket with its scheme", { bucket = "s3://b" },
      warnings = { "url_as_name " .. BUCKET } },
    { "a bucket of another service", { bucket = "gs://b/x" },
      warnings = { "url_as_name " .. BUCKET } },
    { "a bucket and a prefix", { bucket = "b/prefix" },
      warnings = { "path_in_bucket " .. BUCKET } },
    { "a bucket and a slash", { bucket = "b/" },
      warnings = { "path_in_bucket " .. BUCKET } },
    { "white space in a bucket", { bucket = "my exports" },
      warnings = { "white_space " .. BUCKET } },
    { "a line end behind a bucket", { bucket = "b\n" },
      warnings = { "white_space " .. BUCKET } },
    { "a variable as bucket", { bucket = "${BUCKET}" },
      warnings = { "placeholder_value " .. BUCKET } },
    { "a variable in a bucket", { bucket = "exports-${STAGE}" },
      warnings = { "placeholder_value " .. BUCKET } },
    { "a template as bucket", { bucket = "{{ bucket }}" },
      warnings = { "placeholder_value " .. BUCKET } },
    { "an example as bucket", { bucket = "<your-bucket>" },
      warnings = { "placeholder_value " .. BUCKET } },
    { "a variable as region", { region = "${AWS_REGION}" },
      warnings = { "placeholder_value config.region" } },
    { "a blank before a region", { region = " eu-central-1" },
      warnings = { "white_space config.region" } },
    { "an id of a key behind a line end", { access_key_id = "A\n",
      secret_access_key = "s" },
      warnings = { "white_space config.access_key_id" } },
    { "an id as secret", { access_key_id = "A",
      secret_access_key = "AKIAIOSFODNN7EXAMPLE" },
      warnings = { "access_key_id_as_secret config.secret_access_key" } },
    { "a temporary id as secret", { access_key_id = "A",
      secret_access_key = "ASIAIOSFODNN7EXAMPLE" },
      warnings = { "access_key_id_as_secret config.secret_access_key" } },
  }
end

-- They look odd and must pass without a word.
local function odd_names()
  local rows = {
    { "a secret that begins as an id", { access_key_id = "A",
      secret_access_key = "AKIAIOSFODNN7EXAMPLEwJalrXUtnFEMI/K7MDEN" } },
    { "a secret of twenty small letters", { access_key_id = "A",
      secret_access_key = "akiaiosfodnn7example" } },
    { "a region with a blank inside", { region = "my region" } },
  }
  for _, bucket in ipairs {
    "b.c-d_e", "EXPORTS", "192.168.5.4.x", "tenant:exports", "exports$1",
    "a{b}c", "mrap-alias-s3alias",
    "arn:aws:s3:eu-west-1:123456789012:accesspoint/exports",
    "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
  } do
    rows[#rows + 1] = { "the bucket " .. bucket, { bucket = bucket } }
  end
  return rows
end

local function doubtful_urls()
  local URL, R2 = "config.base_url", "https://abc.r2.cloudflarestorage.com"
  return {
    { "a doubled scheme", { base_url = "https://https://s3.example.com" },
      warnings = { "doubled_scheme " .. URL } },
    { "two schemes", { base_url = "https://HTTP://s3.example.com" },
      warnings = { "doubled_scheme " .. URL } },
    { "a doubled scheme without its colon",
      { base_url = "http://https//s3.example.com" },
      warnings = { "doubled_scheme " .. URL } },
    { "a user and password in the URL", { base_url = "https://u:p@a.b/" },
      warnings = { "password_in_url " .. URL } },
    { "a token in the URL", { base_url = "https://token@[::1]:9000" },
      warnings = { "password_in_url " .. URL } },
    { "a variable in the URL's path", { base_url = "https://a.b/${STAGE}" },
      warnings = { "placeholder_value " .. URL } },
    { "R2's endpoint with the bucket", { base_url = R2 .. "/exports" },
      warnings = { "bucket_in_url " .. URL } },
    { "R2's endpoint in Europe with the bucket",
      { base_url = "https://abc.eu.r2.cloudflarestorage.com/exports/" },
      warnings = { "bucket_in_url " .. URL } },
    { "AWS's endpoint with the bucket as path", { bucket = "exports",
      base_url = "https://s3.eu-central-1.amazonaws.com/exports" },
      warnings = { "bucket_in_url " .. URL } },
    { "AWS's endpoint with the bucket as host", { bucket = "exports",
      base_url = "https://exports.s3.eu-central-1.amazonaws.com" },
      warnings = { "bucket_in_url " .. URL } },
    { "all at once", { base_url = "https://u:p@s3.amazonaws.com/${BUCKET}" },
      warnings = { "password_in_url " .. URL, "placeholder_value " .. URL,
        "bucket_in_url " .. URL } },
  }
end

-- They look odd and must pass without a word.
local function odd_urls()
  local rows = {
    { "a host that begins as the bucket", { bucket = "minio",
      base_url = "https://minio.example.com" } },
    { "a path that is the bucket, of an unknown service", {
      bucket = "exports", base_url = "https://example.com/exports" } },
  }
  for _, url in ipairs {
    "https://abc.r2.cloudflarestorage.com",
    "https://abc.r2.cloudflarestorage.com/",
    "https://abc.r2.cloudflarestorage.com?x=1",
    "https://notr2.cloudflarestorage.com/exports",
    "https://s3.amazonaws.com", "https://https.example.com//x",
    "http://http", "http://https:8080", "https://a.b/x@y", "https://a.b/{x}",
    "https://a.b/s3/storage", "https://a.b:9000/minio/",
    "https://xn--bcher-kva.example",
  } do
    rows[#rows + 1] = { "the URL " .. url, { base_url = url } }
  end
  return rows
end

return { good, wrong_types, wrong_urls, wrong_names, other_names,
  doubtful_names, odd_names, doubtful_urls, odd_urls }
