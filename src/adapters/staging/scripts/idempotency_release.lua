-- KEYS: 1 answer. ARGV: 1 fingerprint.
local fingerprint, answer = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'answer'))
if fingerprint == ARGV[1] and not answer then
  redis.call('DEL', KEYS[1])
end
return {'done'}
