--- Rows for google_cloud_storage.

local tables = require "support.config_cases.tables"

local KEY = "-----BEGIN PRIVATE KEY-----\nYQ==\n-----END PRIVATE KEY-----\n"

local SOME = { client_id = "1" }

local NULL = "what null does is not known, so the sandbox refuses it"
local FROM_STORE = "what the config leaves out is in the store already"

-- Rows about what is in `credentials`.
local function service_account(truto)
  return {
    { "nothing", {}, "empty_changes config" },
    { "all fields", { type = "service_account", project_id = "p",
      private_key_id = "i", private_key = KEY,
      client_email = "a@b.c", client_id = "1", auth_uri = "https://a.b",
      token_uri = "https://a.b", auth_provider_x509_cert_url = "https://a.b",
      client_x509_cert_url = "https://a.b",
      universe_domain = "googleapis.com" } },
    { "a secret object", { private_key_id = "i",
      private_key = truto.secret(KEY) } },
    { "any field as secret", { client_email = truto.secret "a@b.c" } },
    { "the secret half of the pair", { private_key = KEY }, warnings = {
      "half_credential_pair config.credentials.private_key" } },
    { "the public half of the pair", { private_key_id = "i" }, warnings = {
      "half_credential_pair config.credentials.private_key_id" } },
    { "another kind of key", { type = "authorized_user" },
      "invalid_value config.credentials.type" },
    { "an empty kind", { type = "" }, "invalid_value config.credentials.type" },
    { "a kind as number", { type = 1 },
      "type_mismatch config.credentials.type" },
    { "an id as number", { client_id = 1234567890 },
      "type_mismatch config.credentials.client_id" },
    { "an id as null", { client_id = truto.null },
      warnings = { "null_unknown config.credentials.client_id" },
      server = { "null_unknown config.credentials.client_id" }, why = NULL },
    { "a key as null", { private_key_id = "i", private_key = truto.null },
      "empty_secret config.credentials.private_key" },
    { "a project for quotas", { quota_project_id = "p" } },
    { "a project for quotas as null", { quota_project_id = truto.null } },
    { "an unknown name beside a project for quotas",
      { quota_project_id = "p", refresh_token = "t" },
      "unknown_field config.credentials.refresh_token" },
    { "a URL with a password", { token_uri = "https://u:p@a.b" },
      warnings = { "password_in_url config.credentials.token_uri" } },
    { "a project as boolean", { project_id = true },
      "type_mismatch config.credentials.project_id" },
    { "a key as list of lines", { private_key_id = "i", private_key = { "a" } },
      "type_mismatch config.credentials.private_key" },
    { "a masked key", { private_key_id = "i", private_key =
      "-----BEGIN PRIVATE KEY-----\n****\n-----END PRIVATE KEY-----\n" },
      "placeholder_secret config.credentials.private_key" },
    { "a token URL without scheme", { token_uri = "oauth2.googleapis.com" },
      "invalid_url config.credentials.token_uri" },
    { "all URLs wrong", { client_x509_cert_url = "c", auth_uri = "a",
      auth_provider_x509_cert_url = "p", token_uri = "t" },
      "invalid_url config.credentials.auth_uri",
      "invalid_url config.credentials.token_uri",
      "invalid_url config.credentials.auth_provider_x509_cert_url",
      "invalid_url config.credentials.client_x509_cert_url" },
    { "a domain as object", { universe_domain = {} },
      "type_mismatch config.credentials.universe_domain" },
    { "privateKey", { privateKey = "k" },
      "unknown_field config.credentials.privateKey" },
    { "a field of the config", { bucket = "b" },
      "unknown_field config.credentials.bucket" },
    { "a list", { "k" }, "unknown_field config.credentials[1]" },
    { "65 fields", tables.many_keys(65), "unknown_field config.credentials" },
    { "hostile metamethods", tables.hostile { project_id = "p" } },
  }
end

local function google_cloud_storage(truto)
  return {
    { "nothing", {}, "empty_changes config" },
    { "nothing, partial", {}, "empty_changes config", partial = true },
    { "empty credentials beside another field", { bucket = "b",
      credentials = {} }, "missing_field config.credentials", server = {},
      why = FROM_STORE },
    { "the same, partial", { bucket = "b", credentials = {} },
      "missing_field config.credentials", partial = true, server = {},
      why = FROM_STORE },
    { "the bucket alone", { bucket = "b" }, "missing_field config.credentials",
      server = {}, why = FROM_STORE },
    { "the bucket alone, partial", { bucket = "b" }, partial = true },
    { "a wrong bucket, partial", { bucket = 1 },
      "type_mismatch config.bucket", partial = true },
    { "credentials as JSON text", { credentials = "{}" },
      "type_mismatch config.credentials" },
    { "credentials as secret", { credentials = truto.secret "{}" },
      "type_mismatch config.credentials" },
    { "credentials as null", { credentials = truto.null },
      "empty_secret config.credentials" },
    { "a bucket with its scheme", { bucket = "gs://b", credentials = SOME },
      warnings = { "url_as_name config.bucket" } },
    { "a bucket and a prefix", { bucket = "b/prefix", credentials = SOME },
      warnings = { "path_in_bucket config.bucket" } },
    { "a bucket with dots and an underscore",
      { bucket = "exports_2.example.com", credentials = SOME } },
    { "a project for quotas too far out",
      { quota_project_id = "p", credentials = SOME },
      "unknown_field config.quota_project_id" },
    { "the name bucket_name", { bucket_name = "b", credentials = SOME },
      "unknown_field config.bucket_name" },
    { "the name service_account", { service_account = {}, credentials = SOME },
      "unknown_field config.service_account" },
    { "credentials as boolean, partial", { credentials = false },
      "type_mismatch config.credentials", partial = true },
    { "a private key too far out", { private_key = "k", credentials = SOME },
      "unknown_field config.private_key" },
    { "a region", { credentials = SOME, region = "eu" },
      "unknown_field config.region" },
    { "a cycle", tables.cyclic(), "unknown_field config.credentials.bucket",
      "unknown_field config.credentials.credentials", sent = false },
    { "problems inside and outside",
      { bucket = 1, zeta = 1, credentials = { type = "x", alpha = 1 } },
      "type_mismatch config.bucket", "invalid_value config.credentials.type",
      "unknown_field config.credentials.alpha", "unknown_field config.zeta" },
  }
end

local function in_credentials(truto)
  local rows = service_account(truto)
  for _, row in ipairs(rows) do
    row[1] = "credentials: " .. row[1]
    row[2] = { credentials = row[2] }
  end
  return rows
end

return { google_cloud_storage, in_credentials }
