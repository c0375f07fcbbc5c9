--- Runs busted on this interpreter: `lua5.4 spec/support/run.lua [options]`.
-- The modules of this tree come first, with the C module of this VM from
-- build/<vm>, or from the folder that TRUTO_BUILD names.

local root = arg[0]:match("^(.*)spec/support/run%.lua$") or ""
local vm = rawget(_G, "jit") and "luajit"
  or "lua" .. _VERSION:match("[%d.]+$")
local build = os.getenv("TRUTO_BUILD") or root .. "build/" .. vm

package.path = table.concat({
  root .. "lua/?.lua", root .. "lua/?/init.lua", root .. "spec/?.lua",
  package.path,
}, ";")
package.cpath = build .. "/?.so;" .. package.cpath

require "busted.runner" {
  standalone = false,
  output = root .. "spec/support/output.lua",
}
