-- KEYS: 1 captcha, then its limits. ARGV: 1 answer, 2 lifetime, then the limits (see counters.lua). Stores the answer,
-- unless a limit is reached.
local denied, values = admit(counters(2, 3))
if denied then
  return reply('limited', denied)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return reply('done', values)
