--- Writes what is made of the list of codes, in this directory.

package.path = "lua/?.lua;spec/?.lua;" .. package.path

for path, text in pairs(require "support.code_texts".files()) do
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end
