-- KEYS: 1 answer. ARGV: 1 fingerprint, 2 answer, 3 its life.
if redis.call('HGET', KEYS[1], 'fingerprint') == ARGV[1] then
  redis.call('HSET', KEYS[1], 'answer', ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {'done'}
