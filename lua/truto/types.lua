---@meta _

--- The functions of `truto.datastore` as an editor sees them; never loaded.
--- They are made of `truto.operations`: a spec holds this file against it.

---@class truto.Changes
---@field label? string
---@field config? truto.config.Config the fields to change
---@field config_secret? string|truto.Secret

---@class truto.Fields what a datastore is created with
---@field type truto.DatastoreType|string
---@field label string
---@field config truto.config.Config
---@field id? string else the API chooses one
---@field environment_id? string else the user's first; needed where there are
---  several
---@field config_secret? string|truto.Secret
---@field validation_methods? string[]

---@alias truto.Filter string|integer|boolean|string[]|table<string, any>

---@class truto.Filters: table<string, truto.Filter>
---@field id? truto.Filter
---@field type? truto.Filter
---@field limit? integer of datastores on a page
---@field next_cursor? string of the page before

---@class truto.Meta
---@field status? integer HTTP status
---@field attempts integer requests made, or tried, without those of read_back
---@field elapsed number seconds of all attempts and waits
---@field headers? table<string, string> lower-case names
---@field path? string of the URL; `[secret]` where an id holds a secret
---@field request_bytes? integer size of the body
---@field response_bytes? integer size of the body
---@field connection_reused? boolean
---@field ratelimit? truto.RateLimit if the answer told
---@field read_back? true the datastore was read, since no answer told
---@field warnings truto.Issue[]

---@class truto.Datastore
local M = {}

--- Reads a datastore: `GET /datastore/{id}`.
---@param id string the datastore's id; sent as one path segment
---@param options? truto.CallOptions
---@return truto.DatastoreRecord? datastore as Truto answered, without secrets
---@return truto.Error err `nil` where there is a datastore
---@return truto.Meta meta
function M.get(id, options) end

--- Reads one page of the datastores: `GET /datastore`.
---@param filters? truto.Filters `{ id = { "a", "b" } }` is `id[in]=a,b`
---@param options? truto.CallOptions
---@return truto.Page? page
---@return truto.Error err `nil` where there is a page
---@return truto.Meta meta
function M.list(filters, options) end

--- Iterates over the datastores of all pages. What fails is raised, as by
--- `truto.assert`, at the line of the loop.
---@param filters? truto.Filters
---@param options? truto.CallOptions of each page
---@return fun(): truto.DatastoreRecord? next
function M.each(filters, options) end

--- Makes a datastore: `POST /datastore`.
---@param fields truto.Fields
---@param options? truto.CreateOptions
---@return truto.DatastoreRecord? datastore as Truto answered, without secrets
---@return truto.Error err `nil` where there is a datastore
---@return truto.Meta meta
function M.create(fields, options) end

--- Changes a datastore: `PATCH /datastore/{id}` with exactly the fields of
--- `changes`; those not given stay as they are (reference page).
---@param id string the datastore's id; sent as one path segment
---@param changes truto.Changes at least one field
---@param options? truto.UpdateOptions
---@return truto.DatastoreRecord? datastore as Truto answered, without secrets
---@return truto.Error err `nil` where there is a datastore
---@return truto.Meta meta
function M.update(id, changes, options) end

--- Deletes a datastore: `DELETE /datastore/{id}`.
---@param id string the datastore's id; sent as one path segment
---@param options? truto.CallOptions
---@return { id: string }? deleted
---@return truto.Error err `nil` where it was deleted
---@return truto.Meta meta
function M.delete(id, options) end

--- Has Truto test the connection of a datastore:
--- `POST /datastore/{id}/test/{method}`.
---@param id string the datastore's id; sent as one path segment
---@param method string such as `uploadObject`
---@param body? table
---@param options? truto.CallOptions
---@return table? result as Truto answered
---@return truto.Error err `nil` where there is a result
---@return truto.Meta meta
function M.test(id, method, body, options) end
