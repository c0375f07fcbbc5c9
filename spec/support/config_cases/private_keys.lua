--- Private keys: rows for credentials.private_key of google_cloud_storage.

local PATH = "config.credentials.private_key"
local UNREADABLE = "invalid_private_key " .. PATH

local BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us"
local KEY = "-----BEGIN PRIVATE KEY-----\n" .. BODY
  .. "\n-----END PRIVATE KEY-----\n"

local function row(name, key, ...)
  return { name, { credentials = { private_key_id = "i", private_key = key } },
    ... }
end

local function fine(truto)
  return {
    row("as Google gives it", KEY),
    row("as a secret", truto.secret(KEY)),
    row("CRLF", (KEY:gsub("\n", "\r\n"))),
    row("old line ends", (KEY:gsub("\n", "\r"))),
    row("PKCS#1", (KEY:gsub("PRIVATE", "RSA PRIVATE"))),
    row("of an elliptic curve", (KEY:gsub("PRIVATE", "EC PRIVATE"))),
    row("no final newline", (KEY:gsub("\n$", ""))),
    row("a byte order mark", "\239\187\191" .. KEY),
    row("blanks around", "  \n\n" .. KEY .. "  \n"),
    row("indented", (KEY:gsub("([^\n]+)", "  %1"))),
    row("one long line", (KEY:gsub("SC\nBK", "SCBK"))),
    row("a preamble", "Key Attributes: <No Attributes>\n" .. KEY),
  }
end

local function unreadable()
  return {
    row("literal newlines", (KEY:gsub("\n", "\\n")), UNREADABLE),
    row("blanks for newlines", (KEY:gsub("\n", " ")), UNREADABLE),
    row("no newlines", (KEY:gsub("\n", "")), UNREADABLE),
    row("quoted", '"' .. KEY .. '"', UNREADABLE),
    row("quoted, literal newlines", '"' .. KEY:gsub("\n", "\\n") .. '"',
      UNREADABLE),
    row("a certificate", (KEY:gsub("PRIVATE KEY", "CERTIFICATE")), UNREADABLE),
    row("a public key", (KEY:gsub("PRIVATE", "PUBLIC")), UNREADABLE),
    row("encrypted", (KEY:gsub("PRIVATE", "ENCRYPTED PRIVATE")), UNREADABLE),
    row("an API key", "AIzaSyA1234567890abcdefghijklmnopqrstu", UNREADABLE),
    row("cut off", KEY:sub(1, 70), UNREADABLE),
    row("without its beginning", KEY:sub(30), UNREADABLE),
    row("two kinds of lines", (KEY:gsub("END PRIVATE", "END RSA PRIVATE")),
      UNREADABLE),
    row("the lines alone", (KEY:gsub("M.+Us\n", "")), UNREADABLE),
    row("the whole key file", '{"private_key": "'
      .. KEY:gsub("\n", "\\n") .. '"}', UNREADABLE),
    row("base64 of it", "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t", UNREADABLE),
    row("its path", "/run/secrets/key.pem", UNREADABLE),
  }
end

local function empty(name, key)
  local one = row(name, key, "empty_secret " .. PATH)
  one.server, one.why = {}, "any string is one"
  return one
end

local function absent()
  return {
    empty("empty", ""),
    empty("blank", " \n"),
    row("a placeholder", "<your private key>", "placeholder_secret " .. PATH),
    row("starred inside", (KEY:gsub("M.+Us", "****")),
      "placeholder_secret " .. PATH),
    row("redacted inside", (KEY:gsub("M.+Us", "[REDACTED]")),
      "placeholder_secret " .. PATH),
  }
end

return { fine, unreadable, absent }
