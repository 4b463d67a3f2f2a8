-- KEYS: 1 answer. ARGV: 1 fingerprint, 2 life of the claim.
local fingerprint, answer = unpack(redis.call('HMGET', KEYS[1], 'fingerprint', 'answer'))
if not fingerprint then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {'first'}
end
if fingerprint ~= ARGV[1] then
  return {'mismatch'}
end
if not answer then
  return {'busy'}
end
return {'answered', answer}
