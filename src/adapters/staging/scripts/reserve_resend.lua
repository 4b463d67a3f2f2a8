-- KEYS and ARGV 1-7: see reserve.lua. ARGV: 8 origin, then the cooldowns.
local purpose, step, phone, decoy, attempts, client, origins =
  unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step', 'phone', 'decoy', 'attempts', 'client', 'origins'))
if purpose ~= ARGV[1] then
  return {'gone'}
end
if step ~= 'code_sent' then
  return {'step', step}
end
local refusal, cooldown = reserve(9)
if refusal then
  return refusal
end
local send = redis.call('HINCRBY', KEYS[1], 'sends', 1)
redis.call('HSET', KEYS[1], 'origins', (origins or '') .. ',' .. ARGV[8])
return {'yes', phone, decoy, client or '', send, attempts, redis.call('PTTL', KEYS[1]), cooldown}
