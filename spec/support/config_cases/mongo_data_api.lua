--- Rows for mongo_data_api.

local ON_THE_WIRE = "a secret goes over the wire as a string"

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
      "masked_secret config.api_key" },
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

return { mongo_data_api }
