--- Rows for qdrant.

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
    { "a port as null", { port = truto.null }, "type_mismatch config.port" },
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
    { "stars", { api_key = "********" }, "masked_secret config.api_key" },
    { "stars with an end", { api_key = "sk-****1234" },
      "masked_secret config.api_key" },
    { "[REDACTED]", { api_key = "[REDACTED]" },
      "masked_secret config.api_key" },
    { "[secret], as tostring gives", { api_key = "[secret]" },
      "masked_secret config.api_key" },
    { "<your_api_key>", { api_key = "<your_api_key>" },
      "masked_secret config.api_key" },
    { "bullets", { api_key = ("\226\128\162"):rep(8) },
      "masked_secret config.api_key" },
    { "crosses", { api_key = "XXXXXXXX" }, "masked_secret config.api_key" },
    { "dots", { api_key = "..." }, "masked_secret config.api_key" },
    { "a variable", { api_key = "${QDRANT_KEY}" },
      "masked_secret config.api_key" },
    { "a template", { api_key = "{{ qdrant_key }}" },
      "masked_secret config.api_key" },
    { "redacted", { api_key = "redacted" }, "masked_secret config.api_key" },
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

return { ports, keys_and_names }
