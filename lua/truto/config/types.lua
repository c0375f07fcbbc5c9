---@meta _

--- The configs as an editor sees them, for completion; never loaded. The
--- shapes in `truto.config.shapes` are what counts: a spec holds this file
--- against them, descriptions included.

---@alias truto.DatastoreType
---| "mongo_data_api"
---| "google_cloud_storage"
---| "s3"
---| "qdrant"

---@class truto.config.MongoDataApi
---@field data_source? string name of the Atlas cluster, its "data source"
---@field database? string database in that cluster
---@field api_url? string base URL of the Data API endpoint
---@field api_key? string|truto.Secret key of the Data API

---@class truto.config.GoogleCloudStorage
---@field bucket? string name of the bucket
---@field credentials? truto.config.ServiceAccount service-account key

---@class truto.config.ServiceAccount
---@field type? "service_account" kind of the key file
---@field project_id? string Google Cloud project of the account
---@field private_key_id? string id of the private key
---@field private_key? string|truto.Secret private key as PEM text
---@field client_email? string e-mail address of the account
---@field client_id? string numeric id of the account, as a string
---@field auth_uri? string where Google asks for consent
---@field token_uri? string where Google gives out access tokens
---@field auth_provider_x509_cert_url? string Google's own public certificates
---@field client_x509_cert_url? string public certificate of the account
---@field universe_domain? string domain of the Google Cloud universe

---@class truto.config.S3
---@field access_key_id? string id of the access key
---@field secret_access_key? string|truto.Secret secret half of the access key
---@field region? string region of the bucket
---@field bucket? string name of the bucket
---@field base_url? string endpoint if not AWS: R2, MinIO, others

---@class truto.config.Qdrant
---@field base_url? string URL of the Qdrant server
---@field api_key? string|truto.Secret key of the Qdrant server
---@field port? integer port of the Qdrant server's HTTP API
---@field collection? string collection of vectors

---@alias truto.config.Config
---| truto.config.MongoDataApi
---| truto.config.GoogleCloudStorage
---| truto.config.S3
---| truto.config.Qdrant
---| table # of a type that is not known here

---@class truto.DatastoreRecord a datastore as Truto answers, without secrets
---@field id string
---@field type truto.DatastoreType|string
---@field label string
---@field config truto.config.Config
---@field environment_id string
---@field created_at string
---@field updated_at string

---@class truto.ConfigModule
local M = {}

--- Copies a config and marks it as `mongo_data_api`.
---@param fields truto.config.MongoDataApi
---@return truto.config.MongoDataApi config
function M.mongo_data_api(fields) end

--- Copies a config and marks it as `google_cloud_storage`.
---@param fields truto.config.GoogleCloudStorage
---@return truto.config.GoogleCloudStorage config
function M.google_cloud_storage(fields) end

--- Copies a config and marks it as `s3`.
---@param fields truto.config.S3
---@return truto.config.S3 config
function M.s3(fields) end

--- Copies a config and marks it as `qdrant`.
---@param fields truto.config.Qdrant
---@return truto.config.Qdrant config
function M.qdrant(fields) end
