-- KEYS: the counters. ARGV: see counters.lua. Returns the value and the remaining window of each.
local usage = {}
for _, counter in ipairs(counters(1, 1)) do
  read(counter)
  usage[#usage + 1] = counter.value
  usage[#usage + 1] = math.max(call('PTTL', counter.key), 0)
end
return reply('done', usage)
