-- KEYS: 1 request. ARGV: 1 fingerprint.
local fingerprint, response = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'response'))
if fingerprint == ARGV[1] and not response then
  redis.call('DEL', KEYS[1])
end
return {'done'}
