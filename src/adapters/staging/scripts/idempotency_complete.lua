-- KEYS: 1 request. ARGV: 1 fingerprint, 2 response, 3 its lifetime.
local fingerprint, response = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'response'))
if fingerprint == ARGV[1] and not response then
  redis.call('HSET', KEYS[1], 'response', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {'done'}
