-- KEYS: 1 request. ARGV: 1 fingerprint, 2 owner, 3 lifetime of the claim.
local fingerprint, response = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'response'))
if not fingerprint then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'owner', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return {'first'}
end
if fingerprint ~= ARGV[1] then
  return {'mismatch'}
end
if not response then
  return {'busy'}
end
return {'completed', response}
