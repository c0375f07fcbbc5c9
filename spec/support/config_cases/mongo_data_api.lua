--- Rows for mongo_data_api.

local ON_THE_WIRE = "a secret goes over the wire as a string"
local NULL = "what null does is not known, so the sandbox refuses it"

local function mongo_data_api(truto)
  return {
    { "all fields", { data_source = "Cluster0", database = "crm",
      api_url = "https://data.example.com/v1", api_key = "k" } },
    { "a secret object", { api_key = truto.secret "k" } },
    { "the service that has ended",
      { api_url = "https://data.mongodb-api.com/app/x/endpoint/data/v1" },
      warnings = { "service_ended config.api_url" } },
    { "a region of the service that has ended",
      { api_url = "https://eu-west-1.aws.Data.MongoDB-API.com/app/x" },
      warnings = { "service_ended config.api_url" } },
    { "a host that only looks like it",
      { api_url = "https://notdata.mongodb-api.com.example.com/" } },
    { "a data source as number", { data_source = 0 },
      "type_mismatch config.data_source" },
    { "a database as list", { database = { "a" } },
      "type_mismatch config.database" },
    { "a database as secret", { database = truto.secret "d" },
      "type_mismatch config.database", server = {}, why = ON_THE_WIRE },
    { "a connection string", { api_url = "mongodb+srv://u:p@host/db" },
      "invalid_url config.api_url" },
    { "a URL as secret", { api_url = truto.secret "https://a.b" },
      "type_mismatch config.api_url", server = {}, why = ON_THE_WIRE },
    { "a masked key", { api_key = "(hidden)" },
      "placeholder_secret config.api_key" },
    { "dataSource", { dataSource = "Cluster0" },
      "unknown_field config.dataSource" },
    { "a port", { port = 27017 }, "unknown_field config.port" },
    { "base_url for api_url", { base_url = "https://a.b" },
      "unknown_field config.base_url" },
    { "four problems", { data_source = 1, database = 2, api_url = 3,
      api_key = 4 }, "type_mismatch config.data_source",
      "type_mismatch config.database", "type_mismatch config.api_url",
      "type_mismatch config.api_key" },
  }
end

local function doubtful_values(truto)
  local SOURCE, URL = "config.data_source", "config.api_url"
  return {
    { "a connection string as data source",
      { data_source = "mongodb+srv://u:p@cluster0.example.net/crm" },
      warnings = { "url_as_name " .. SOURCE } },
    { "another one", { data_source = "mongodb://h:27017" },
      warnings = { "url_as_name " .. SOURCE } },
    { "a connection string as database", { database = "mongodb://h/crm" },
      warnings = { "url_as_name config.database" } },
    { "a variable as data source", { data_source = "${CLUSTER}" },
      warnings = { "placeholder_value " .. SOURCE } },
    { "a line end behind a data source", { data_source = "Cluster0\r\n" },
      warnings = { "white_space " .. SOURCE } },
    { "a doubled scheme", { api_url = "https://https://data.example.com" },
      warnings = { "doubled_scheme " .. URL } },
    { "a user and password in the URL",
      { api_url = "https://u:p@data.example.com/v1" },
      warnings = { "password_in_url " .. URL } },
    { "a placeholder of the reference",
      { api_url = "https://data.example.com/app/${APP_ID}/endpoint/data/v1" },
      warnings = { "placeholder_value " .. URL } },
    { "a database with a dash and a dot", { database = "crm-2.x" } },
    { "a key as null", { api_key = truto.null },
      "empty_secret config.api_key" },
    { "a database as null", { database = truto.null },
      warnings = { "null_unknown config.database" },
      server = { "null_unknown config.database" }, why = NULL },
  }
end

local function other_names()
  local rows = {}
  for _, name in ipairs { "db", "endpoint", "url", "cluster_name" } do
    rows[#rows + 1] = { "the name " .. name, { [name] = "v" },
      "unknown_field config." .. name }
  end
  return rows
end

return { mongo_data_api, doubtful_values, other_names }
