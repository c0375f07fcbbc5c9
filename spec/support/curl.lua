--- Talks to a sandbox with the curl command, as a stranger would: the sandbox's
--- specs must not rest on the library that is tested against it.

local cjson = require "cjson"

local M = {}

--- A word for the shell.
function M.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local quote = M.quote

local function capture(command)
  local pipe = assert(io.popen(command, "r"))
  local output = pipe:read("*a")
  pipe:close()
  return output
end

--- What a shell command prints, without the last line end.
function M.shell(command)
  return (capture(command):gsub("\n$", ""))
end

local function command_of(sandbox, arguments)
  return ("curl -q -sS --noproxy '*' --max-time 30 --cacert %s %s 2>&1")
    :format(quote(sandbox.ca_file), arguments)
end

--- What curl prints, errors included; `arguments` are for the shell.
function M.run(sandbox, arguments)
  return M.shell(command_of(sandbox, arguments))
end

--- The argument that brings the sandbox's token.
function M.bearer(sandbox)
  return "-H " .. quote("Authorization: Bearer " .. sandbox.token)
end

local function arguments_of(sandbox, method, path, options)
  local body = options.body or options.json and cjson.encode(options.json)
  local words = { "-i", options.flags or "--http1.1", "--path-as-is",
    "-X " .. method }
  if options.token ~= false then words[#words + 1] = M.bearer(sandbox) end
  for _, header in ipairs(options.headers or {}) do
    words[#words + 1] = "-H " .. quote(header)
  end
  if body then
    words[#words + 1] = "-H 'Content-Type: application/json' --data-binary "
      .. quote(body)
  end
  words[#words + 1] = quote(sandbox.base_url .. path)
  return table.concat(words, " ")
end

--- One request. Options: `body` (text) or `json` (table), `headers` (list of
--- lines), `token` (false for none), `flags` (arguments for curl).
---@return integer status
---@return any body decoded; nil when it is not JSON
---@return table<string, string> headers by lower-case name
---@return string text of the body
function M.request(sandbox, method, path, options)
  local arguments = arguments_of(sandbox, method, path, options or {})
  local text = capture(command_of(sandbox, arguments)):gsub("\r\n", "\n")
  local head, body = text:match("^(HTTP/%S+ .-\n)\n(.*)$")
  assert(head, text)
  local headers = {}
  for name, value in head:gmatch("\n([^:\n]+): ([^\n]*)") do
    headers[name:lower()] = value
  end
  local ok, decoded = pcall(cjson.decode, body)
  return tonumber(head:match("^%S+ (%d+)")), ok and decoded or nil, headers,
    body
end

--- Whether nobody listens there: curl's exit code 7.
function M.is_refused(base_url)
  return M.shell("curl -q -s --noproxy '*' -k --max-time 5 -o /dev/null "
    .. base_url .. "; echo $?") == "7"
end

return M
