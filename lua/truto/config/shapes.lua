--- The shapes of the known datastore types: the one place where they stand.
---
--- Pure data, in the order in which everything lists it. The checker,
--- `truto.config.describe`, the sandbox, the reference's tables and the command
--- line read it, so a further type is one more entry here.
--- Names, types and what is required are those of the API reference, "Update
--- datastore" (https://truto.one/docs/api-reference/admin/datastores/update/).

---@class truto.config.Field
---@field name string
---@field type "string"|"integer"|"object"
---@field description string one line
---@field required? boolean missing is an error unless the config is partial
---@field secret? boolean never in an answer; may be given as `truto.secret`;
---  for an object, all that is in it
---@field pair? string name of the field that makes a credential with this one
---@field format? "url"|"private_key" an absolute http or https URL; PEM text
---@field value? string the only value allowed
---@field minimum? integer given with `maximum` or not at all
---@field maximum? integer
---@field example? string|integer what a value looks like; none for secrets
---@field known_as? string[] names that people bring for this field
---@field doubts? truto.config.Doubts texts that pass, with a warning
---@field ended? truto.config.Ended a host whose service has ended
---@field bare_hosts? string[] hosts whose URL has no path and names no bucket
---@field grpc_port? integer the port that answers gRPC, not HTTP
---@field port_of? string name of the URL field that may name this port too
---@field fields? truto.config.Field[] of an object
---@field tolerates? string[] of an object: names that the reference does not
---  have, but real ones do

---@class truto.config.Doubts
---@field only_with string Lua pattern without which none of the list holds
---@field list truto.config.Doubt[] the first that holds counts

---@class truto.config.Doubt
---@field pattern string Lua pattern of a text that is surely a mistake
---@field except? string Lua pattern of a text that is right all the same
---@field code string of the warning
---@field message string

---@class truto.config.Ended
---@field host string this host and all below it
---@field message string

---@class truto.config.Shape
---@field type string as in the datastore's `type`
---@field title string as in the API reference
---@field fields truto.config.Field[]

-- Doubts about any name.
local UNFILLED = "has a placeholder in it that nothing has filled in"
local UNFILLED_VARIABLE = {
  pattern = "%${", code = "placeholder_value", message = UNFILLED,
}
local UNFILLED_TEMPLATE = {
  pattern = "{{", code = "placeholder_value", message = UNFILLED,
}
local UNFILLED_BRACKETS = {
  pattern = "^<[^<>]+>$", code = "placeholder_value", message = UNFILLED,
}
local URL_AS_NAME = {
  pattern = "^%a[%w+.%-]*://",
  code = "url_as_name",
  message = "is a URL where a name belongs",
}
local SPACE_BEFORE = {
  pattern = "^%s", code = "white_space", message = "begins with white space",
}
local SPACE_BEHIND = {
  pattern = "%s$", code = "white_space", message = "ends with white space",
}

local ONLY_WITH = "[%s/{<]"

local NAME = {
  only_with = ONLY_WITH,
  list = { UNFILLED_VARIABLE, UNFILLED_TEMPLATE, UNFILLED_BRACKETS,
    URL_AS_NAME, SPACE_BEFORE, SPACE_BEHIND },
}

local CLUSTER = {
  only_with = ONLY_WITH,
  list = { UNFILLED_VARIABLE, UNFILLED_TEMPLATE, UNFILLED_BRACKETS,
    {
      pattern = "^%a[%w+.%-]*://",
      code = "url_as_name",
      message = "is a connection string, of which answers show the password;"
        .. " the cluster's name belongs here, as Cluster0",
    },
    SPACE_BEFORE, SPACE_BEHIND },
}

local BUCKET = {
  only_with = ONLY_WITH,
  list = { UNFILLED_VARIABLE, UNFILLED_TEMPLATE, UNFILLED_BRACKETS,
    {
      pattern = "^%a[%w+.%-]*://",
      code = "url_as_name",
      message = "is a URL; give the bucket's name alone",
    },
    {
      pattern = "/",
      except = "^arn:", -- of an access point, which stands for a bucket
      code = "path_in_bucket",
      message = "has a / in it, as no bucket's name has; a prefix is not part"
        .. " of the bucket",
    },
    {
      pattern = "%s",
      code = "white_space",
      message = "has white space in it, as no bucket's name has",
    } },
}

local SECRET_ACCESS_KEY = {
  only_with = "^A[KS]IA",
  list = { {
    pattern = "^A[KS]IA" .. ("[A-Z2-7]"):rep(16) .. "$",
    code = "access_key_id_as_secret",
    message = "is the id of an access key of AWS, not the secret half",
  } },
}

local GRPC_PORT = 6334

local mongo_data_api = {
  type = "mongo_data_api",
  title = "Mongo Data Api",
  fields = {
    {
      name = "data_source",
      type = "string",
      description = "name of the Atlas cluster, its \"data source\"",
      example = "Cluster0",
      known_as = { "cluster", "cluster_name", "source" },
      doubts = CLUSTER,
    },
    {
      name = "database",
      type = "string",
      description = "database in that cluster",
      example = "crm",
      known_as = { "db", "db_name", "database_name" },
      doubts = NAME,
    },
    {
      name = "api_url",
      type = "string",
      format = "url",
      description = "base URL of the Data API endpoint",
      known_as = { "endpoint", "endpoint_url", "url", "uri", "data_api_url" },
      example = "https://data-api.example.com/app/data-abc/endpoint/data/v1",
      ended = {
        host = "data.mongodb-api.com",
        message = "MongoDB has ended the Atlas Data API service; name an"
          .. " endpoint that speaks the same protocol",
      },
    },
    {
      name = "api_key",
      type = "string",
      secret = true,
      description = "key of the Data API",
      known_as = { "key", "data_api_key" },
    },
  },
}

local service_account = {
  {
    name = "type",
    type = "string",
    value = "service_account",
    description = "kind of the key file",
    example = "service_account",
  },
  {
    name = "project_id",
    type = "string",
    description = "Google Cloud project of the account",
    example = "acme-exports",
  },
  {
    name = "private_key_id",
    type = "string",
    description = "id of the private key",
    example = "0123456789abcdef0123456789abcdef01234567",
  },
  {
    name = "private_key",
    type = "string",
    secret = true,
    format = "private_key",
    pair = "private_key_id",
    description = "private key as PEM text",
  },
  {
    name = "client_email",
    type = "string",
    description = "e-mail address of the account",
    example = "exports@acme-exports.iam.gserviceaccount.com",
  },
  {
    name = "client_id",
    type = "string",
    description = "numeric id of the account, as a string",
    example = "123456789012345678901",
  },
  {
    name = "auth_uri",
    type = "string",
    format = "url",
    description = "where Google asks for consent",
    example = "https://accounts.google.com/o/oauth2/auth",
  },
  {
    name = "token_uri",
    type = "string",
    format = "url",
    description = "where Google gives out access tokens",
    example = "https://oauth2.googleapis.com/token",
  },
  {
    name = "auth_provider_x509_cert_url",
    type = "string",
    format = "url",
    description = "Google's own public certificates",
    example = "https://www.googleapis.com/oauth2/v1/certs",
  },
  {
    name = "client_x509_cert_url",
    type = "string",
    format = "url",
    description = "public certificate of the account",
    example = "https://www.googleapis.com/robot/v1/metadata/x509/"
      .. "exports%40acme-exports.iam.gserviceaccount.com",
  },
  {
    name = "universe_domain",
    type = "string",
    description = "domain of the Google Cloud universe",
    example = "googleapis.com",
  },
}

local google_cloud_storage = {
  type = "google_cloud_storage",
  title = "Google Cloud Storage",
  fields = {
    {
      name = "bucket",
      type = "string",
      description = "name of the bucket",
      example = "acme-exports",
      known_as = { "bucket_name" },
      doubts = BUCKET,
    },
    {
      name = "credentials",
      type = "object",
      required = true,
      secret = true,
      description = "service-account key",
      known_as = { "credentials_json", "key_file", "service_account",
        "service_account_key" },
      fields = service_account,
      tolerates = { "quota_project_id" },
    },
  },
}

local s3 = {
  type = "s3",
  title = "S3",
  fields = {
    {
      name = "access_key_id",
      type = "string",
      description = "id of the access key",
      example = "AKIAIOSFODNN7EXAMPLE",
      known_as = { "access_key", "aws_access_key_id" },
      doubts = NAME,
    },
    {
      name = "secret_access_key",
      type = "string",
      secret = true,
      pair = "access_key_id",
      description = "secret half of the access key",
      known_as = { "secret_key", "secret", "aws_secret_access_key" },
      doubts = SECRET_ACCESS_KEY,
    },
    {
      name = "region",
      type = "string",
      description = "region of the bucket",
      example = "eu-central-1",
      known_as = { "region_name", "aws_region" },
      doubts = NAME,
    },
    {
      name = "bucket",
      type = "string",
      description = "name of the bucket",
      example = "acme-exports",
      known_as = { "bucket_name" },
      doubts = BUCKET,
    },
    {
      name = "base_url",
      type = "string",
      format = "url",
      description = "endpoint if not AWS: R2, MinIO, others",
      example = "https://minio.example.com:9000",
      known_as = { "endpoint", "endpoint_url", "url" },
      bare_hosts = { "r2.cloudflarestorage.com", "amazonaws.com",
        "storage.googleapis.com", "digitaloceanspaces.com",
        "backblazeb2.com", "wasabisys.com" },
    },
  },
}

local qdrant = {
  type = "qdrant",
  title = "Qdrant",
  fields = {
    {
      name = "base_url",
      type = "string",
      format = "url",
      description = "URL of the Qdrant server",
      example = "https://qdrant.example.com",
      known_as = { "endpoint", "endpoint_url", "url" },
      grpc_port = GRPC_PORT,
    },
    {
      name = "api_key",
      type = "string",
      secret = true,
      description = "key of the Qdrant server",
      known_as = { "key" },
    },
    {
      name = "port",
      type = "integer",
      minimum = 1,
      maximum = 65535,
      description = "port of the Qdrant server's HTTP API",
      example = 6333,
      grpc_port = GRPC_PORT,
      port_of = "base_url",
    },
    {
      name = "collection",
      type = "string",
      description = "collection of vectors",
      example = "documents",
      known_as = { "collection_name" },
      doubts = NAME,
    },
  },
}

---@type truto.config.Shape[]
return { mongo_data_api, google_cloud_storage, s3, qdrant }
