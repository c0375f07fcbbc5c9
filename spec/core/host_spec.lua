-- Names and addresses that are not plain: each means the same in every locale
-- and on every way to the resolver.

local drivers = require "support.driver"
local truto = require "truto"
local vm = require "support.vm"

-- libcurl can say the ASCII form from 7.88 on.
local major, minor = require "truto.core".libcurl_version:match "^(%d+)%.(%d+)"
local tells_ascii = tonumber(major) > 7 or tonumber(minor) >= 88
local ASCII = tells_ascii and "xn--bcher-kva.example" or "xn--"

local BUECHER = "b\195\188cher.example"

local function output_of(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

-- What a child prints that runs the code.
local function child(code, before)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local output = output_of((before or "") .. vm.command .. " " .. path)
  os.remove(path)
  return output
end

describe("a host that is not ASCII", function()
  for _, locale in ipairs { "C", "C.UTF-8", "POSIX" } do
    it("is refused with its ASCII form: " .. locale, function()
      local output = child(([[
          os.setlocale "" -- as a host program may do
          local _, err = require("truto").new {
            token = "x", base_url = "https://%s" }
          print(err.kind, err.code, err.message)]]):format(BUECHER),
          "LC_ALL=" .. locale .. " ")
      assert.matches("setup\tinvalid_base_url\t", output, 1, true)
      assert.matches(ASCII, output, 1, true)
    end)
  end

  it("is refused however it is written", function()
    for _, host in ipairs {
      BUECHER, "B\195\156CHER.example", "b%C3%BCcher.example", "b\252cher.de",
      "\255", "www.\230\151\165\230\156\172.example",
    } do
      local client, err =
        truto.new { token = "x", base_url = "https://" .. host .. "/v1" }
      assert.is_nil(client)
      assert.same({ "setup", "invalid_base_url" }, { err.kind, err.code })
      assert.matches("xn--", err.message, 1, true)
    end
  end)

  it("is refused as a proxy's", function()
    for _, scheme in ipairs { "", "http://", "socks5h://u:p@" } do
      local client, err = truto.new {
        token = "x", base_url = "https://api.example",
        proxy = scheme .. BUECHER .. ":3128",
      }
      assert.is_nil(client)
      assert.same({ "setup", "invalid_proxy" }, { err.kind, err.code })
      assert.matches(ASCII, err.message, 1, true)
    end
  end)

  it("is accepted in its ASCII form", function()
    assert(truto.new {
      token = "x", base_url = "https://xn--bcher-kva.example",
    }).close()
  end)
end)

for _, kind in ipairs { "blocking", "background" } do
  describe(kind .. ": the scope of an IPv6 address", function()
    it("is kept on the way to the network", function()
      if output_of "unshare -n true && echo allowed" ~= "allowed\n"
        or output_of "command -v ip" == "" then
        pending "no private network here: unshare -n is for root on Linux"
        return
      end
      -- Without its scope, a link-local address cannot be connected to.
      local output = child(([[
        local _, err = require("truto").new({
          token = "x", base_url = "https://[fe80::1%%25lo]:9", driver = %s,
          max_attempts = 1,
        }).datastore.update("ds_1", { label = "x" })
        print(err.code, err.url)]]):format(drivers.code(kind)),
        "unshare -n sh -c 'ip link set lo up "
        .. "&& ip address add fe80::1/64 dev lo nodad && exec \"$@\"' sh ")
      assert.equal("connection_refused\t"
        .. "https://[fe80::1%25lo]:9/datastore/ds_1\n", output)
    end)
  end)
end
