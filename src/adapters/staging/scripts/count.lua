-- KEYS: the counters. ARGV: see counters.lua.
local reached, values = admit(counters(1, 1))
if reached then
  return reply('limited', reached)
end
return reply('done', values)
