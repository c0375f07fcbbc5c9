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
---@field format? "url" an absolute http or https URL
---@field value? string the only value allowed
---@field minimum? integer given with `maximum` or not at all
---@field maximum? integer
---@field example? string|integer what a value looks like; none for secrets
---@field ended? truto.config.Ended a host whose service has ended
---@field fields? truto.config.Field[] of an object

---@class truto.config.Ended
---@field host string this host and all below it
---@field message string

---@class truto.config.Shape
---@field type string as in the datastore's `type`
---@field title string as in the API reference
---@field fields truto.config.Field[]

local mongo_data_api = {
  type = "mongo_data_api",
  title = "Mongo Data Api",
  fields = {
    {
      name = "data_source",
      type = "string",
      description = "name of the Atlas cluster, its \"data source\"",
      example = "Cluster0",
    },
    {
      name = "database",
      type = "string",
      description = "database in that cluster",
      example = "crm",
    },
    {
      name = "api_url",
      type = "string",
      format = "url",
      description = "base URL of the Data API endpoint",
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
    },
    {
      name = "credentials",
      type = "object",
      required = true,
      secret = true,
      description = "service-account key",
      fields = service_account,
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
    },
    {
      name = "secret_access_key",
      type = "string",
      secret = true,
      pair = "access_key_id",
      description = "secret half of the access key",
    },
    {
      name = "region",
      type = "string",
      description = "region of the bucket",
      example = "eu-central-1",
    },
    {
      name = "bucket",
      type = "string",
      description = "name of the bucket",
      example = "acme-exports",
    },
    {
      name = "base_url",
      type = "string",
      format = "url",
      description = "endpoint if not AWS: R2, MinIO, others",
      example = "https://minio.example.com:9000",
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
    },
    {
      name = "api_key",
      type = "string",
      secret = true,
      description = "key of the Qdrant server",
    },
    {
      name = "port",
      type = "integer",
      minimum = 1,
      maximum = 65535,
      description = "port of the Qdrant server's HTTP API",
      example = 6333,
    },
    {
      name = "collection",
      type = "string",
      description = "collection of vectors",
      example = "documents",
    },
  },
}

---@type truto.config.Shape[]
return { mongo_data_api, google_cloud_storage, s3, qdrant }
