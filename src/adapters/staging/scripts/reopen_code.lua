-- KEYS: 1 flow. ARGV: 1 purpose, 2 life.
local purpose, step = unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step'))
if purpose ~= ARGV[1] or step ~= 'phone_verified' then
  return {'done'}
end
redis.call('HSET', KEYS[1], 'step', 'code_sent')
if redis.call('PTTL', KEYS[1]) > tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return {'done'}
