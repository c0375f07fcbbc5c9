std = "max"
max_line_length = 80
files["spec"] = { std = "+busted" }
files["*.rockspec"] = { std = "+rockspec" }
-- Annotations for editors; what stands behind a function would be shown there.
files["lua/truto/types.lua"] = { ignore = { "212", "241" } }
files["lua/truto/config/types.lua"] = { ignore = { "212", "241" } }
files["lua/truto/nginx.lua"] = { read_globals = { "ngx" } }
files["examples/nginx"] = { std = "+ngx_lua" }
