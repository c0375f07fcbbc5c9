--- What stands where a secret belongs: rows for api_key of qdrant.

local REFUSED = "placeholder_secret config.api_key"
local EMPTY = "empty_secret config.api_key"
local DIRTY = "dirty_secret config.api_key"

local BULLETS, ELLIPSIS = ("\226\128\162"):rep(8), "\226\128\166"

-- Texts by themselves, and what is said of all of them.
local function rows_of(texts, say)
  local rows = {}
  for i, text in ipairs(texts) do
    rows[i] = say(("%q"):format(text):gsub("\n", "n"), { api_key = text })
  end
  return rows
end

local function masks()
  return rows_of({
    "***", "****", "********", "xxx", "XXXXXXXX", "XXXX-XXXX-XXXX", "...",
    ELLIPSIS, "####", BULLETS, "sk-****1234", "sk_live_****", "glpat-********",
    "sk-...abcd", "sk-" .. ELLIPSIS .. "abcd", "sk-" .. BULLETS .. "1234",
    "****************ABCD", "wJal****************", "sk-proj-***",
  }, function(name, config) return { name, config, REFUSED } end)
end

local function names()
  return rows_of({
    "<your_api_key>", "<API KEY>", "<apiKey>", "<YOUR-R2-SECRET>", "<token>",
    "[REDACTED]", "[secret]", "[your key]", "[FILTERED]", "(hidden)",
    "(sensitive value)", "{api_key}", "{{ api_key }}", "{{ vault('x') }}",
    "${VAR}", "${QDRANT_KEY:-x}", "${{ secrets.KEY }}", "$API_KEY",
    "$S3_SECRET", "%API_KEY%", "__TOKEN__", "<%= key %>", "$(cat key.txt)",
    "YOUR_API_KEY", "your-token-here", "PUT_YOUR_SECRET_HERE", "CHANGE_ME",
    "replace-me", "redacted", "MASKED", "TODO", "@env:KEY", "@file:/run/key",
    "@prompt", "op://vault/item/key", "arn:aws:secretsmanager:eu:1:secret:k",
  }, function(name, config) return { name, config, REFUSED } end)
end

local function accidents()
  return rows_of({
    "null", "NULL", "nil", "undefined", "None", "true", "table: 0x5581c0de",
    "function: 0x7f0012", "function: builtin: 12", "userdata: NULL",
    "userdata: (nil)", "thread: 0x41", "cdata<void *>: NULL",
    "[object Object]", "<no value>", "(null)", '"null"', " <your_token>\n",
  }, function(name, config) return { name, config, REFUSED } end)
end

local function empty()
  return rows_of({
    "", " ", "\n", "\r\n", " \t\n ", '""', "''", '" "', "\239\187\191",
    "\239\187\191\r\n", "\226\128\139", "\194\160", "\255\254\n\0",
  }, function(name, config)
    return { name, config, EMPTY, server = {}, why = "any string is one",
      sent = not config.api_key:find("[\254\255]") }
  end)
end

-- Passwords and keys that people have: nothing is said of them.
local function fine()
  return rows_of({
    "p***word", "ab****yz", "my-***word", "**", "*", "xx", "a*b", "x.x.x",
    "$UPERSECRET", "$ecret", "$Pass_word", "(pass)", "(secret stuff)!",
    "<3x>", "<3", "<Passw0rd>", "<abc>", "[a1b2]", "a[b]<c>", "{x}", "%41%42",
    "{hunter2}", "100%", "#1!", "k", "secret", "password", "changeme",
    "nullify",
    "nil-by-mouth", "none", "undefined7", "table 9", "your mother", "todo",
    "correct horse battery staple", "it's", "\"", "a\"b", "'tis", "-", "=",
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY==", "ABCD==",
    "KEY==", "a=b", "pa=ss", "sk-proj-abc.def", "eyJhbGciOi.eyJzdWIi.sig-_",
    "two\nlines", "two\nlines\n", "{\"a\":1}\n", "caf\195\169",
    "\240\159\148\145",
    "xoxb-12-34-xyz", "sk_live_51H8xxxQ2", "your-own-horse",
    "your_config_secret", "use-no-key",
    "<my dog>", "(1)", "$100", "$(pass)", "${", "~/.ssh", "@home", "True",
    "x-x", "- -", "__init__", "[]", "{}", "<>", "()", "https://u:p@h/?k=v",
  }, function(name, config) return { name, config } end)
end

local function dirty()
  return rows_of({
    "key\n", "key\r", "key\r\n", " key", "key ", "\tkey", '"key"', "'key'",
    "`key`", "\226\128\156key\226\128\157", "\239\187\191key", "k\0e\0y\0",
    "key\226\128\139", "k\226\129\160ey", "ke\194\160y", "API_KEY=abc",
    "export X_KEY=abc", "aws_secret_access_key = abc", "export FOO=bar",
    "token=abc", "\27[32mkey\27[0m", "key\127",
  }, function(name, config)
    return { name, config, warnings = { DIRTY } }
  end)
end

return { masks, names, accidents, empty, fine, dirty }
