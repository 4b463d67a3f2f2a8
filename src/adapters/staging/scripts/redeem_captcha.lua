-- KEYS: 1 captcha, then the limits. ARGV: 1 whether every answer is right, 2-3 right answers, then the limits (see
-- counters.lua). Uses up the captcha, and counts if its answer is right. Lua compares texts by their address, so the
-- time does not depend on the answer.
local answer = redis.call('GET', KEYS[1])
if not answer then
  return {'gone'}
end
redis.call('DEL', KEYS[1])
if ARGV[1] ~= '1' and answer ~= ARGV[2] and answer ~= ARGV[3] then
  return {'wrong'}
end
local denied, values = admit(counters(2, 4))
if denied then
  return reply('limited', denied)
end
return reply('done', values)
