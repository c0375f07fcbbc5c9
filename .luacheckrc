std = "max"
max_line_length = 80
files["spec"] = { std = "+busted" }
files["*.rockspec"] = { std = "+rockspec" }
