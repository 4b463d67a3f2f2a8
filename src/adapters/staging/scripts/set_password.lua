-- KEYS: 1 flow. ARGV: 1 purpose, 2 password hash, 3 verified life.
local purpose, step = unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step'))
if purpose ~= ARGV[1] then
  return {'gone'}
end
if step ~= 'phone_verified' and step ~= 'password_set' then
  return {'step', step}
end
redis.call('HSET', KEYS[1], 'step', 'password_set', 'password_hash', ARGV[2])
if step == 'phone_verified' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return {'done', redis.call('PTTL', KEYS[1])}
