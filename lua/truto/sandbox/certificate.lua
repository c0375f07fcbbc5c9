--- A certificate authority for one run of the sandbox, and the certificate
--- that its server shows. The private keys never leave the process, and the
--- authority's is gone when `create` returns.

local altname = require "openssl.x509.altname"
local bignum = require "openssl.bignum"
local extension = require "openssl.x509.extension"
local pkey = require "openssl.pkey"
local random = require "openssl.rand"
local x509 = require "openssl.x509"
local x509_name = require "openssl.x509.name"

local M = {}

local DAY = 24 * 60 * 60
local LIFETIME = 365 * DAY

local function new_key()
  return pkey.new { type = "EC", curve = "prime256v1" }
end

local function new_name(common_name)
  local name = x509_name.new()
  name:add("O", "truto sandbox")
  name:add("CN", common_name)
  return name
end

--- What both certificates have in common. The start lies a day back, so that
--- a clock that is set right in between does no harm.
local function new_certificate(key, subject, issuer)
  local certificate = x509.new()
  certificate:setVersion(3)
  certificate:setSerial(bignum.fromBinary("\1" .. random.bytes(15)))
  certificate:setSubject(subject)
  certificate:setIssuer(issuer)
  certificate:setLifetime(os.time() - DAY, os.time() + LIFETIME)
  certificate:setPublicKey(key)
  certificate:addExtension(extension.new("subjectKeyIdentifier", "hash",
    { subject = certificate }))
  return certificate
end

local function new_authority(key, name)
  local authority = new_certificate(key, name, name)
  authority:setBasicConstraints { CA = true, pathLen = 0 }
  authority:setBasicConstraintsCritical(true)
  authority:addExtension(extension.new("keyUsage", "critical,keyCertSign"))
  authority:sign(key)
  return authority
end

local function server_names()
  local names = altname.new()
  names:add("DNS", "localhost")
  names:add("IP", "127.0.0.1")
  names:add("IP", "::1")
  return names
end

--- Makes an authority and, signed by it, a certificate for `localhost`,
--- `127.0.0.1` and `::1` (EC P-256, valid for a year).
---@return userdata authority certificate of the authority
---@return userdata certificate certificate of the server
---@return userdata key private key of the server
function M.create()
  local authority_key, key = new_key(), new_key()
  local issuer = new_name("truto sandbox authority")
  local authority = new_authority(authority_key, issuer)
  local certificate = new_certificate(key, new_name("localhost"), issuer)
  certificate:setSubjectAlt(server_names())
  certificate:setBasicConstraints { CA = false }
  certificate:setBasicConstraintsCritical(true)
  certificate:addExtension(extension.new("keyUsage",
    "critical,digitalSignature"))
  certificate:addExtension(extension.new("extendedKeyUsage", "serverAuth"))
  certificate:addExtension(extension.new("authorityKeyIdentifier", "keyid",
    { issuer = authority }))
  certificate:sign(authority_key)
  return authority, certificate, key
end

return M
