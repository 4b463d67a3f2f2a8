-- KEYS: 1 flow. ARGV: 1 purpose, 2 passwords of a flow.
local purpose, step, phone, account, passwords =
  unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step', 'phone', 'account', 'passwords'))
if purpose ~= ARGV[1] then
  return {'gone'}
end
if step ~= 'phone_verified' and step ~= 'password_set' then
  return {'step', step}
end
if tonumber(passwords or 0) >= tonumber(ARGV[2]) then
  return {'exhausted', math.max(redis.call('PTTL', KEYS[1]), 1)}
end
redis.call('HINCRBY', KEYS[1], 'passwords', 1)
return {'yes', phone, account or ''}
