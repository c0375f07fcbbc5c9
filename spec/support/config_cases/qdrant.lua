--- Rows for qdrant.

local NULL = "what null does is not known, so the sandbox refuses it"

local function ports(truto)
  return {
    { "all fields", { base_url = "https://q.example.com", api_key = "k",
      port = 6333, collection = "c" } },
    { "a secret object", { api_key = truto.secret "k" } },
    { "the lowest port", { port = 1 } },
    { "the highest port", { port = 65535 } },
    { "a float that is whole", { port = 6333.0 } },
    { "port 0", { port = 0 }, "out_of_range config.port" },
    { "a port too high", { port = 65536 }, "out_of_range config.port" },
    { "a negative port", { port = -6333 }, "out_of_range config.port" },
    { "a huge port", { port = 2 ^ 53 }, "out_of_range config.port" },
    { "a port that is infinite", { port = math.huge },
      "out_of_range config.port", sent = false },
    { "a port that is NaN", { port = 0 / 0 }, "type_mismatch config.port",
      sent = false },
    { "a fraction", { port = 6333.5 }, "type_mismatch config.port" },
    { "a port as text", { port = "6333" }, "type_mismatch config.port" },
    { "a port as boolean", { port = true }, "type_mismatch config.port" },
    { "a port as null", { port = truto.null },
      warnings = { "null_unknown config.port" },
      server = { "null_unknown config.port" }, why = NULL },
    { "a key as null", { api_key = truto.null },
      "empty_secret config.api_key" },
    { "a port as object", { port = { number = 1 } },
      "type_mismatch config.port" },
    { "a port as secret", { port = truto.secret "6333" },
      "type_mismatch config.port" },
  }
end

local function keys_and_names()
  return {
    { "a collection as number", { collection = 1 },
      "type_mismatch config.collection" },
    { "a key as boolean", { api_key = true }, "type_mismatch config.api_key" },
    { "stars", { api_key = "********" }, "placeholder_secret config.api_key" },
    { "stars with an end", { api_key = "sk-****1234" },
      "placeholder_secret config.api_key" },
    { "[REDACTED]", { api_key = "[REDACTED]" },
      "placeholder_secret config.api_key" },
    { "[secret], as tostring gives", { api_key = "[secret]" },
      "placeholder_secret config.api_key" },
    { "<your_api_key>", { api_key = "<your_api_key>" },
      "placeholder_secret config.api_key" },
    { "bullets", { api_key = ("\226\128\162"):rep(8) },
      "placeholder_secret config.api_key" },
    { "crosses", { api_key = "XXXXXXXX" },
      "placeholder_secret config.api_key" },
    { "dots", { api_key = "..." }, "placeholder_secret config.api_key" },
    { "a variable", { api_key = "${QDRANT_KEY}" },
      "placeholder_secret config.api_key" },
    { "a template", { api_key = "{{ qdrant_key }}" },
      "placeholder_secret config.api_key" },
    { "redacted", { api_key = "redacted" },
      "placeholder_secret config.api_key" },
    { "a key with one star", { api_key = "a*b" } },
    { "a key with brackets inside", { api_key = "a[b]<c>" } },
    { "a mask where no secret belongs", { collection = "****" } },
    { "a misspelt port", { prot = 6333 }, "unknown_field config.prot" },
    { "a field of s3", { bucket = "b" }, "unknown_field config.bucket" },
    { "url for base_url", { url = "https://q.example.com" },
      "unknown_field config.url" },
    { "three problems", { base_url = "q.example.com", port = 0, host = "q" },
      "invalid_url config.base_url", "out_of_range config.port",
      "unknown_field config.host" },
  }
end

local function doubtful_ports()
  local PORT, URL = "config.port", "config.base_url"
  return {
    { "the port of gRPC", { port = 6334 },
      warnings = { "grpc_port " .. PORT } },
    { "the port of gRPC in the URL", { base_url = "https://q.example:6334" },
      warnings = { "grpc_port " .. URL } },
    { "the port of gRPC twice", { base_url = "https://q.example:6334/",
      port = 6334 }, warnings = { "grpc_port " .. URL, "grpc_port " .. PORT } },
    { "two ports that differ", { base_url = "https://q.example:443",
      port = 6333 }, warnings = { "contradictory_port " .. PORT } },
    { "two ports behind an IPv6 address", { base_url = "http://[::1]:6335/x",
      port = 6333 }, warnings = { "contradictory_port " .. PORT } },
    { "the same port twice", { base_url = "https://q.example:6333",
      port = 6333 } },
    { "a port and a URL without one", { base_url = "https://q.example",
      port = 6333 } },
    { "a port and an IPv6 address without one", { base_url = "http://[::1]/",
      port = 6333 } },
    { "digits that are not a port", { base_url = "https://q.example/a:63",
      port = 6333 } },
    { "a port in the password", { base_url = "https://u:1@q.example",
      port = 6333 }, warnings = { "password_in_url " .. URL } },
    { "a port and a URL that is not one", { base_url = "q:1", port = 6333 },
      "invalid_url " .. URL },
  }
end

local function other_names()
  local rows = {}
  for _, name in ipairs { "endpoint", "url", "collection_name" } do
    rows[#rows + 1] = { "the name " .. name, { [name] = "v" },
      "unknown_field config." .. name }
  end
  return rows
end

local function doubtful_names()
  return {
    { "a collection as URL", { collection = "https://q.example/c" },
      warnings = { "url_as_name config.collection" } },
    { "a variable in a collection", { collection = "docs-${STAGE}" },
      warnings = { "placeholder_value config.collection" } },
    { "a blank behind a collection", { collection = "docs " },
      warnings = { "white_space config.collection" } },
    { "blanks inside a collection", { collection = "my docs" } },
    { "a collection with a slash", { collection = "team/docs" } },
    { "a collection with braces", { collection = "{docs}" } },
    { "a collection with a bracket", { collection = "<docs" } },
    { "a collection with a colon", { collection = "a:b" } },
  }
end

return { ports, keys_and_names, doubtful_ports, other_names, doubtful_names }
