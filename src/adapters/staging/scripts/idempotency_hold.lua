-- KEYS: 1 request. ARGV: 1 owner, 2 new lifetime of its claim, or 0 to release it.
local owner, response = unpack(redis.call('HMGET', KEYS[1], 'owner', 'response'))
if owner ~= ARGV[1] or response then
  return {'lost'}
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'done'}
