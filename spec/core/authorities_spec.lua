-- Whom truto trusts: `ca_file` and nobody else, or all that the system does.
-- A child process has a store of its own, in which the server's authority
-- stands where the spec wants it.

local drivers = require "support.driver"
local exchange = require "support.exchange"
local process = require "process"
local system_store = require "support.system_store"

local server = exchange.server
local CA, OTHER = server.files.ca, server.files.other_ca

-- What the code of a child has: an update prints what it came to.
local CODE = [[
  local truto = require "truto"
  local function client(options)
    options.token, options.max_attempts = "x", 1
    options.base_url = options.base_url or %q
    options.driver = %s
    return assert(truto.new(options))
  end
  local function update(one)
    local found, err, meta = one.datastore.update("ds_1", { label = "x" })
    print(found and "trusted" or err.kind .. " " .. err.code .. " "
      .. err.outcome, meta.attempts)
  end
]]

local function run(store, kind, code)
  return system_store.run(store, CODE:format(server:url("https", "record"),
    drivers.code(kind)) .. code)
end

local TRUSTED = "trusted\t1"
local REFUSED = "tls certificate_invalid not_sent\t1"

local function pend(wanted)
  local reason = system_store.missing(wanted)
  if reason then pending(reason) end
  return reason ~= nil
end

local function connections()
  local count = 0
  for _, entry in ipairs(server:events()) do
    if entry.event == "accept" then count = count + 1 end
  end
  return count
end

before_each(function() server:reset() end)

for _, kind in ipairs { "blocking", "background" } do
  describe(kind .. ": ca_file of another authority, with the server's own in "
    .. "the system's store (T19)", function()
    for name, store in pairs {
      ["as a bundle"] = { bundle = CA },
      ["as a directory"] = { directory = { CA }, bundle = OTHER },
      ["as both"] = { directory = { CA }, bundle = CA },
    } do
      it("is refused: " .. name, function()
        if pend(store.directory and "directory") then return end
        assert.equal(REFUSED .. "\n" .. TRUSTED, run(store, kind, ([[
          update(client { ca_file = %q })
          update(client {})]]):format(OTHER)))
        assert.equal(1, #server:log())
      end)
    end
  end)

  describe(kind .. ": an authority that stands in the system's (T17)",
    function()
      it("bundle only is trusted", function()
        if pend() then return end
        assert.equal(TRUSTED, run({ bundle = CA }, kind, "update(client {})"))
      end)

      it("bundle only is trusted beside a directory", function()
        if pend "directory" then return end
        assert.equal(TRUSTED, run({ bundle = CA, directory = { OTHER } }, kind,
          "update(client {})"))
      end)

      it("directory only is trusted", function()
        if pend "directory" then return end
        assert.equal(TRUSTED, run({ bundle = OTHER, directory = { CA } }, kind,
          "update(client {})"))
      end)

      for name, directory in pairs { alone = {}, ["with others"] = { OTHER } }
      do
        it("bundle is trusted beside a link that leads nowhere, " .. name,
          function()
            if pend "directory" then return end
            assert.equal(TRUSTED, run({
              bundle = CA, directory = directory, dangling = true,
            }, kind, "update(client {})"))
          end)
      end

      it("bundle is remembered by the client that needed it", function()
        if pend "directory" then return end
        local code = [[
          local one = client { base_url = %q }
          for _ = 1, 4 do update(one) end]]
        assert.equal((TRUSTED .. "\n"):rep(4):sub(1, -2),
          run({ bundle = CA, directory = { OTHER } }, kind,
            code:format(server:url("https", "until-close"))))
        assert.equal(4, #server:log())
        -- The first time the directory was asked alone, where that is quick.
        local tried = process.libcurl_tls():find("OpenSSL", 1, true) and 1 or 0
        assert.equal(4 + tried, connections())
      end)

      it("neither is refused, in one attempt and in time", function()
        if pend "directory" then return end
        assert.equal(REFUSED, run({ bundle = OTHER, directory = { OTHER } },
          kind, "update(client { connect_timeout = 5 })"))
        assert.equal(0, #server:log())
      end)

      it("directory is trusted where there is no bundle", function()
        if pend "directory" then return end
        assert.equal(TRUSTED, run({ directory = { CA } },
          kind, "update(client {})"))
      end)
    end)

  describe(kind .. ": an https proxy of an authority in the system's store "
    .. "(T18)", function()
      local options = ("base_url = %q, proxy = %q"):format(
        server:url("https", "record"), server.urls.https_proxy)

      it("is trusted, from the bundle too", function()
        if pend "directory" then return end
        assert.equal(TRUSTED, run({ bundle = CA, directory = { OTHER } }, kind,
          "update(client { " .. options .. " })"))
      end)

      it("is refused where ca_file has another", function()
        if pend "directory" then return end
        assert.equal(REFUSED, run({ bundle = CA, directory = { CA } }, kind,
          ("update(client { %s, ca_file = %q })"):format(options, OTHER)))
      end)
    end)
end
