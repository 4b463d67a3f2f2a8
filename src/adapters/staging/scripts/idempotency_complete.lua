-- KEYS: 1 answer. ARGV: 1 fingerprint, 2 answer, 3 its life.
local fingerprint, answer = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'answer'))
if fingerprint == ARGV[1] and not answer then
  redis.call('HSET', KEYS[1], 'answer', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {'done'}
