-- KEYS: 1 flow, then its limits. ARGV: 1 lifetime, 2 number of arguments with fields and values, these, then the limits
-- (see counters.lua). Stores the flow, unless a limit is reached.
local denied, values = admit(counters(2, 3 + tonumber(ARGV[2])))
if denied then
  return reply('limited', denied)
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], unpack(ARGV, 3, 2 + tonumber(ARGV[2])))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return reply('done', values)
