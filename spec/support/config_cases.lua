--- Configs and what the checker says of them: `cases(truto)` gives the rows.
--
-- A row: name, config, then the issues as "code path", in their order.
--   on        type of the datastore that gets it, where nobody says one
--   warnings  the warnings, in the same form
--   partial   options.partial
--   server    what the sandbox says to the same config under validate = false,
--             where that is not the same; `why` says the reason then
--   sent      false: cannot be written as JSON, so no server ever sees it
-- The sandbox lays a config over one that is valid, then checks the whole.

local FOLDER = "support.config_cases."

-- Files of rows, and the type that is named to the checker.
local GROUPS = {
  { "s3", type = "s3" },
  { "qdrant", type = "qdrant" },
  { "mongo_data_api", type = "mongo_data_api" },
  { "google_cloud_storage", type = "google_cloud_storage" },
  { "secrets", type = "qdrant" },
  { "private_keys", type = "google_cloud_storage" },
  { "unnamed" },
}

---@class truto.spec.ConfigCase
---@field name string
---@field type? string nil: nobody says it
---@field on string type of the datastore
---@field config table
---@field partial? boolean
---@field issues string[] "code path"
---@field warnings string[]
---@field server string[] the sandbox's failures
---@field why? string reason why these differ
---@field sent boolean

-- What only the client says: to Truto a secret is any string, and an update
-- of nothing an update.
local CLIENT_ONLY = {
  placeholder_secret = true, invalid_private_key = true, empty_changes = true,
}

local function server_issues(issues)
  local list = {}
  for _, issue in ipairs(issues) do
    if not CLIENT_ONLY[issue:match "^%S+"] then list[#list + 1] = issue end
  end
  return #list < #issues and list or issues
end

local function to_case(row, type_name)
  local issues = {}
  for i = 3, #row do issues[#issues + 1] = row[i] end
  return {
    name = (type_name or "no type") .. ": " .. row[1],
    type = type_name,
    on = row.on or type_name,
    config = row[2],
    partial = row.partial,
    issues = issues,
    warnings = row.warnings or {},
    server = row.server or server_issues(issues),
    why = row.why or "the API takes any string for a secret",
    sent = row.sent ~= false,
  }
end

---@param truto table the module
---@return truto.spec.ConfigCase[]
return function(truto)
  local cases = {}
  for _, group in ipairs(GROUPS) do
    for _, rows in ipairs(require(FOLDER .. group[1])) do
      for _, row in ipairs(rows(truto)) do
        cases[#cases + 1] = to_case(row, group.type)
      end
    end
  end
  return cases
end
