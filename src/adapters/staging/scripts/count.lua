-- KEYS: the counters. ARGV: see counters.lua.
local denied, values = admit(counters(1, 1))
if denied then
  return reply('limited', denied)
end
return reply('done', values)
