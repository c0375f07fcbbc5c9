-- Random secrets are refused never, or so seldom that nobody meets it. By
-- itself a run takes a sample; TRUTO_RANDOM_SECRETS=200000 is how the rates
-- below were measured.

local core = require "truto.core"
local random_config = require "support.random_config"

local COUNT = tonumber(os.getenv "TRUTO_RANDOM_SECRETS") or 5000

local function range(first, last)
  local list = {}
  for byte = first:byte(), last:byte() do
    list[#list + 1] = string.char(byte)
  end
  return table.concat(list)
end

local ALPHANUMERIC = range("A", "Z") .. range("a", "z") .. range("0", "9")

-- Of each: its letters, the length, and how many of 200,000 may be warned of.
-- In printable ASCII one in 3,000 stands in quotes by chance.
local ALPHABETS = {
  { "base64", ALPHANUMERIC .. "+/", 40, pad = true },
  { "base64 for URLs", ALPHANUMERIC .. "-_", 43 },
  { "hex", range("0", "9") .. range("a", "f"), 32 },
  { "upper-case hex", range("0", "9") .. range("A", "F"), 32 },
  { "alphanumeric", ALPHANUMERIC, 40 },
  { "short alphanumeric", ALPHANUMERIC, 8 },
  { "printable ASCII", range("!", "~"), 24, warned = 60 },
  { "short printable ASCII", range("!", "~"), 8, warned = 80 },
}

local function draw(random, alphabet)
  local letters = {}
  for i = 1, alphabet[3] do
    local at = random:below(#alphabet[2])
    letters[i] = alphabet[2]:sub(at, at)
  end
  return table.concat(letters) .. (alphabet.pad and "==" or "")
end

describe("random secrets", function()
  for _, alphabet in ipairs(ALPHABETS) do
    it("pass: " .. alphabet[1], function()
      local random = random_config.new(20261125)
      local refused, warned, example = 0, 0, ""
      for _ = 1, COUNT do
        local text = draw(random, alphabet)
        local code = core.secret.judge(text)
        if code == "dirty_secret" then
          warned = warned + 1
        elseif code then
          refused, example = refused + 1, code .. " " .. text
        end
      end
      if COUNT > 5000 then
        print(("%-22s %d refused, %d warned of, of %d"):format(alphabet[1],
          refused, warned, COUNT))
      end
      assert.equal(0, refused, example)
      assert.is_true(warned <= math.ceil(COUNT / 200000
        * (alphabet.warned or 0)), warned .. " warnings")
    end)
  end
end)
