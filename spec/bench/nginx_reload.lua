-- Reloads nginx again and again under a steady load of updates, and counts
-- what was lost.
--
--   make bench-nginx              or, by hand:
--   lua5.4 spec/bench/nginx_reload.lua [reloads, default 100]

package.path = "lua/?.lua;lua/?/init.lua;spec/?.lua;" .. package.path

local cqueues = require "cqueues"
local nginx = require "support.nginx"
local socket = require "cqueues.socket"
local upstreams = require "support.upstream"

local RELOADS = tonumber(arg[1]) or 100
local IN_FLIGHT = 16
local TAKES = 0.05
local EVERY = 0.1 -- seconds between two reloads

local upstream = upstreams.start(TAKES)
local subject = nginx.start {
  main = "worker_rlimit_nofile 8192;",
  build = os.getenv "TRUTO_BUILD",
  environment = os.getenv "TRUTO_NGINX_ENVIRONMENT",
  http = ([[init_by_lua_block {
    client = assert(require("truto").new { token = "bench-token",
      base_url = "%s", ca_file = "%s", max_attempts = 1 })
  }]]):format(upstream.base_url, upstream.ca_file),
  server = [[location = /update { content_by_lua_block {
    local datastore, err = client.datastore.update("ds_1", { label = "x" })
    ngx.status = datastore and 200 or 502
    ngx.print(datastore and "good" or tostring(err))
  } }]],
}

local counts = { sent = 0, good = 0, lost = 0 }
local problems, running = {}, true

-- Each request on a connection of its own, as nginx closes kept ones when it
-- reloads.
local function ask()
  local connection = socket.connect("127.0.0.1", subject.port)
  connection:setmode("bf", "bf")
  connection:settimeout(20)
  connection:write "GET /update HTTP/1.0\r\n\r\n"
  connection:flush()
  local text = connection:read "*a"
  connection:close()
  return text or "no answer"
end

local function work()
  while running do
    counts.sent = counts.sent + 1
    local called, text = pcall(ask)
    if called and text:find(" 200 .*good$") then
      counts.good = counts.good + 1
    else
      counts.lost = counts.lost + 1
      problems[#problems + 1] = tostring(text)
    end
  end
end

local function reloads()
  return select(2, subject:log():gsub("%] %d+#%d+: reconfiguring", ""))
end

local loop = cqueues.new()
for _ = 1, IN_FLIGHT do loop:wrap(work) end
loop:wrap(function()
  for i = 1, RELOADS do
    cqueues.sleep(EVERY)
    subject:signal "HUP"
    -- Signals that come too fast are taken for one.
    repeat cqueues.sleep(0.01) until reloads() == i
  end
  cqueues.sleep(1)
  running = false
end)
local start = cqueues.monotime()
assert(loop:loop())
local took = cqueues.monotime() - start

subject:signal "QUIT"
local left = subject:ended(20)
local log = subject:log()
local done = reloads()
local _, alerts = log:gsub("%[alert%]", "")
local _, killed = log:gsub("exited on signal", "")

print(("%d reloads in %.1f s, %d in flight: %d updates sent, %d good, %d lost")
  :format(done, took, IN_FLIGHT, counts.sent, counts.good, counts.lost))
print(("workers ended by a signal: %d; alerts: %d; nginx left: %s"):format(
  killed, alerts, tostring(left)))
for i = 1, math.min(3, #problems) do print(problems[i]) end
for line in log:gmatch "[^\n]*%[alert%][^\n]*" do print(line) end

subject:stop()
upstream:stop()
os.exit(counts.lost == 0 and killed == 0 and alerts == 0 and left and 0 or 1)
