-- KEYS and ARGV 1-7: see reserve.lua. ARGV: from 8 on the cooldowns.
local purpose, step, phone, decoy, attempts, client =
  unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step', 'phone', 'decoy', 'attempts', 'client'))
if purpose ~= ARGV[1] then
  return {'gone'}
end
if step ~= 'code_sent' then
  return {'step', step}
end
local refusal, cooldown = reserve(8)
if refusal then
  return refusal
end
local send = redis.call('HINCRBY', KEYS[1], 'sends', 1)
return {'yes', phone, decoy, client or '', send, attempts, redis.call('PTTL', KEYS[1]), cooldown}
