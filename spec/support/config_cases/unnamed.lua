--- Rows for configs of which nobody says the type.

local tables = require "support.config_cases.tables"

local NULL = "what null does is not known, so the sandbox refuses it"
local FROM_STORE = "what the config leaves out is in the store already"

-- Nobody says the type; `on` is the type of the datastore that gets it.
local function unnamed(truto)
  return {
    { "nothing", {}, "empty_changes config", on = "s3" },
    { "a field of two types", { bucket = "b" }, on = "s3" },
    { "the same, for the other type", { bucket = "b" },
      on = "google_cloud_storage" },
    { "a key of two types", { api_key = truto.secret "k" }, on = "qdrant" },
    { "fields of one type", { base_url = "https://a.b", port = 1 },
      on = "qdrant" },
    { "fields of another", { base_url = "https://a.b", region = "r" },
      on = "s3" },
    { "credentials", { credentials = { project_id = "p" } },
      on = "google_cloud_storage" },
    { "a field of two types is wrong", { bucket = 5 },
      "type_mismatch config.bucket", on = "s3" },
    { "fields of one type, one wrong", { database = "d", api_url = 1 },
      "type_mismatch config.api_url", on = "mongo_data_api" },
    { "one type by a misspelt field", { bucket = "b", regoin = "r" },
      "unknown_field config.regoin", on = "s3" },
    { "misspelt only", { bucekt = "b" }, "unknown_field config.bucekt",
      on = "s3" },
    { "most fields of one type",
      { access_key_id = "A", bucket = "b", collection = "c" },
      "unknown_field config.collection", on = "s3",
      warnings = { "half_credential_pair config.access_key_id" } },
    { "a private key too far out", { private_key = "k" },
      "missing_field config.credentials", "unknown_field config.private_key",
      on = "google_cloud_storage",
      server = { "unknown_field config.private_key" }, why = FROM_STORE },
    { "two types at once", { access_key_id = "A", collection = "c" },
      "ambiguous_type config", on = "s3",
      server = { "unknown_field config.collection" },
      why = "a server knows the type" },
    { "four types at once", { bucket = "b", api_key = "k" },
      "ambiguous_type config", on = "qdrant",
      server = { "unknown_field config.bucket" },
      why = "a server knows the type" },
    { "no type at all", { host = "h", password = "p" },
      "unknown_field config.host", "unknown_field config.password",
      on = "qdrant" },
    { "a name from elsewhere", { region = "r", endpoint_url = "u" },
      "unknown_field config.endpoint_url", on = "s3" },
    { "names from elsewhere only", { bucket_name = "b", secret_key = "k" },
      "unknown_field config.bucket_name", "unknown_field config.secret_key",
      on = "s3" },
    { "null", { database = truto.null }, on = "mongo_data_api",
      warnings = { "null_unknown config.database" },
      server = { "null_unknown config.database" }, why = NULL },
    { "65 fields", tables.many_keys(65), "unknown_field config",
      on = "s3" },
    { "a list", { "a" }, "unknown_field config[1]", on = "s3" },
    { "hostile metamethods", tables.hostile { bucket = "b" }, on = "s3" },
  }
end

return { unnamed }
