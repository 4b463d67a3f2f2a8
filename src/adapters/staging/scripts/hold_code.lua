-- KEYS: 1 claim. ARGV: 1 owner, 2 new lifetime of its claim, or 0 to release it.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {'lost'}
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'done'}
