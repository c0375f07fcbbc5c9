-- What updates cost an nginx worker, and what other requests notice of them.
--
--   make bench-nginx              or, by hand:
--   lua5.4 spec/bench/nginx.lua [seconds of each run, default 10]
--
-- One worker, 64 updates in flight over TLS, an upstream that takes 50 ms;
-- at the same time a probe asks for an unrelated location. Three runs: no
-- updates, the background driver, the blocking driver. A fourth has an
-- upstream that never answers in time.

package.path = "lua/?.lua;lua/?/init.lua;spec/?.lua;" .. package.path

local cqueues = require "cqueues"
local nginx = require "support.nginx"
local socket = require "cqueues.socket"
local upstreams = require "support.upstream"

local IN_FLIGHT = 64
local TAKES = 0.05
local PAUSE = 0.002 -- of the probe, between two requests
local SECONDS = tonumber(arg[1]) or 10
local KEEP_IDLE = 1 -- seconds that connections are kept; 60 by default

local SETTINGS = [[
  init_by_lua_block {
    local truto = require "truto"
    require("truto.core").background.keep_idle(%g)
    local function client(more)
      local given = {
        token = "bench-token", base_url = "%s", ca_file = "%s",
        max_attempts = 1, validate = false,
      }
      for key, value in pairs(more) do given[key] = value end
      return assert(truto.new(given))
    end
    clients = {
      background = client {},
      blocking = client { driver = "blocking" },
      impatient = client { base_url = "%s", timeout = 1 },
    }
  }
]]

local LOAD = [[
  keepalive_requests 1000000;
  location = /load { content_by_lua_block {
    local seconds = tonumber(ngx.var.arg_seconds)
    local client = clients[ngx.var.arg_client]
    local good, bad, codes = 0, 0, {}
    ngx.update_time()
    local stop = ngx.now() + seconds
    local function work(number)
      local id, changes = "ds_" .. number, { label = "x" }
      repeat
        local datastore, err = client.datastore.update(id, changes)
        if datastore then good = good + 1 else
          bad = bad + 1
          codes[err.code] = (codes[err.code] or 0) + 1
        end
        -- A call that blocks leaves nginx no turn to do anything else.
        if ngx.var.arg_client == "blocking" then ngx.sleep(0) end
        ngx.update_time()
      until ngx.now() >= stop
    end
    local threads = {}
    for i = 1, tonumber(ngx.var.arg_threads) do
      threads[i] = ngx.thread.spawn(work, i)
    end
    for i = 1, #threads do ngx.thread.wait(threads[i]) end
    ngx.update_time()
    ngx.say(good, " ", bad, " ", ngx.now() - stop + seconds)
    for code, count in pairs(codes) do ngx.say(code, " ", count) end
  } }
  location = /counts { content_by_lua_block {
    local counts = require("truto.background").counts() or {}
    for name, count in pairs(counts) do ngx.say(name, " ", count) end
    collectgarbage()
    ngx.say("lua_kilobytes ", collectgarbage "count")
  } }
]]

local function read_all(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

-- Seconds that a thread has been on a CPU; nanoseconds in the kernel's file.
local function cpu_of(pid, thread)
  local text = read_all(("/proc/%d/task/%d/schedstat"):format(pid, thread))
  return tonumber(text:match "%d+") / 1e9
end

local function cpu_of_process(pid)
  local total = 0
  local pipe = io.popen("ls /proc/" .. pid .. "/task")
  for thread in pipe:lines() do total = total + cpu_of(pid, thread) end
  pipe:close()
  return total
end

local function resident(pid)
  local text = read_all("/proc/" .. pid .. "/status")
  return tonumber(text:match "VmRSS:%s*(%d+)") / 1024
end

-- When the thread has closed its connections, and Lua has collected.
local function resident_when_idle(subject)
  cqueues.sleep(KEEP_IDLE + 0.5)
  subject:get "/counts"
  return resident(subject:workers()[1])
end

-- Times of one request after the other on a kept connection, until `stop`.
local function probe(port, seconds)
  local times = {}
  local loop = cqueues.new()
  loop:wrap(function()
    local connection = socket.connect("127.0.0.1", port)
    connection:setmode("bf", "bf")
    local stop = cqueues.monotime() + seconds
    repeat
      local start = cqueues.monotime()
      assert(connection:write "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
      assert(connection:flush())
      local line = assert(connection:read "*l")
      assert(line:find " 200 ", line)
      repeat line = connection:read "*l" until line == "\r" or line == ""
      local body = connection:read(4)
      assert(body == "pong", body)
      times[#times + 1] = cqueues.monotime() - start
      cqueues.sleep(PAUSE)
    until cqueues.monotime() > stop
    connection:close()
  end)
  assert(loop:loop())
  table.sort(times)
  return times
end

local function quantile(times, share)
  return times[math.max(1, math.ceil(#times * share))] * 1000
end

local function run(subject, seconds, client)
  local worker = subject:workers()[1]
  local before, all = cpu_of(worker, worker), cpu_of_process(worker)
  local load
  if client then
    load = io.popen(("curl -sS '%s/load?seconds=%g&threads=%d&client=%s'")
      :format(subject.url, seconds, IN_FLIGHT, client))
  end
  local start = cqueues.monotime()
  local times = probe(subject.port, seconds)
  local good, bad, took, codes = 0, 0, cqueues.monotime() - start, ""
  if load then
    local text = load:read "*a"
    load:close()
    good, bad, took, codes = text:match "^(%d+) (%d+) ([%d.]+)%s*(.-)%s*$"
    good, bad, took = tonumber(good), tonumber(bad), tonumber(took)
  end
  return {
    calls = good + bad, rate = (good + bad) / took, bad = bad, took = took,
    p50 = quantile(times, 0.5), p99 = quantile(times, 0.99),
    max = times[#times] * 1000, probes = #times,
    cpu = cpu_of(worker, worker) - before,
    cpu_all = cpu_of_process(worker) - all,
    resident = resident(worker),
    codes = codes:gsub("\n", ", "),
  }
end

local function show(name, result, idle)
  local line = ("%-12s probe p50 %.2f ms, p99 %.2f ms, max %.1f ms (%d)")
    :format(name, result.p50, result.p99, result.max, result.probes)
  if result.calls > 0 then
    -- What the probe costs the worker is in the run without updates.
    local share = idle.cpu / idle.probes * result.probes
    local codes = result.codes ~= "" and " (" .. result.codes .. ")" or ""
    line = line .. ("; %.0f calls/s, %d failed%s; worker thread %.0f us "
      .. "a call (%.0f with the probe), all threads %.0f; %.1f MiB resident")
      :format(result.rate, result.bad, codes,
        (result.cpu - share) / result.calls * 1e6,
        result.cpu / result.calls * 1e6,
        (result.cpu_all - share) / result.calls * 1e6, result.resident)
  end
  print(line)
end

local upstream = upstreams.start(TAKES)
local silent = upstreams.start(3600)
local authorities = os.tmpname()
do
  local file = assert(io.open(authorities, "wb"))
  file:write(read_all(upstream.ca_file), read_all(silent.ca_file))
  file:close()
end
local subject = nginx.start {
  http = SETTINGS:format(KEEP_IDLE, upstream.base_url, authorities,
    silent.base_url),
  server = LOAD,
  build = os.getenv "TRUTO_BUILD",
  environment = os.getenv "TRUTO_NGINX_ENVIRONMENT",
}

print(("%d in flight, upstream %.0f ms: at most %.0f calls/s; %g s a run")
  :format(IN_FLIGHT, TAKES * 1000, IN_FLIGHT / TAKES, SECONDS))
run(subject, 0.5)
local idle = run(subject, SECONDS)
show("no updates", idle)
run(subject, 1, "background")
local background = run(subject, SECONDS, "background")
show("background", background, idle)
local before = resident_when_idle(subject)
for _ = 1, 2 do
  local unanswered = run(subject, SECONDS, "impatient")
  show("never answer", unanswered, idle)
  local after = resident_when_idle(subject)
  print(("memory: %.1f MiB before, %.1f after calls that nobody answered, "
    .. "%.1f when idle again"):format(before, unanswered.resident, after))
  before = after
end
show("afterwards", run(subject, SECONDS, "background"), idle)
show("blocking", run(subject, math.min(SECONDS, 6), "blocking"), idle)
local _, counts = subject:get "/counts"
print((counts:gsub("\n", ", ")))

subject:stop()
silent:stop()
upstream:stop()
os.remove(authorities)
