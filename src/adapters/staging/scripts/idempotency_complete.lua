-- KEYS: 1 request. ARGV: 1 fingerprint, 2 owner, 3 response, 4 its lifetime. The claim may have expired.
local fingerprint, owner, response = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'owner', 'response'))
if not fingerprint or owner == ARGV[2] and not response then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'owner', ARGV[2], 'response', ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return {'done'}
