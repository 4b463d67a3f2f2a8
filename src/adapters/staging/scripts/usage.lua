-- KEYS: the counters. ARGV: see counters.lua. Returns the value and the remaining window of each.
local list, usage = counters(1, 1), {}
read(list)
for _, counter in ipairs(list) do
  usage[#usage + 1] = counter.value
  usage[#usage + 1] = math.max(redis.call('PTTL', counter.key), 0)
end
return reply('done', usage)
