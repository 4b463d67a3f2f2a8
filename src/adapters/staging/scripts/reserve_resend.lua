-- KEYS: 1 flow, then its limits. ARGV: 1-5 see flow.lua, 6 id of the resend, then the limits (see counters.lua).
local purpose, step, phone, decoy, client, attempts_left =
  unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step', 'phone', 'decoy', 'client', 'attempts_left'))
local refusal = refuse(purpose, step)
if refusal then
  return refusal
end
local denied, values = admit(counters(2, 7))
if denied then
  return reply('limited', denied)
end
move(step)
redis.call('HSET', KEYS[1], 'resend', ARGV[6])
local send = redis.call('HINCRBY', KEYS[1], 'sends', 1)
return {'done', phone, decoy, client or '', send, attempts_left, redis.call('PTTL', KEYS[1]), unpack(values)}
