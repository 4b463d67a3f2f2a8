-- KEYS: 1 flow, 2 wrong codes of the day, 3 claim.
-- ARGV: 1 purpose, 2 whether the code was right, 3 attempts of a flow, 4 verified life, 5-6 max and window of wrong codes,
-- 7 how long a right code is claimed; with 0 it moves the flow.
local purpose, step, phone, account, decoy, ip_blocks, provider =
  unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step', 'phone', 'account', 'decoy', 'ip_blocks', 'provider'))
if purpose ~= ARGV[1] then
  return {'gone'}
end
if step ~= 'code_sent' then
  return {'step', step}
end
local limited = full(KEYS[2], ARGV[5], ARGV[6])
if limited > 0 then
  return {'limit', limited}
end
if ARGV[2] == '1' and decoy == '0' then
  if ARGV[7] == '0' then
    redis.call('HSET', KEYS[1], 'step', 'phone_verified')
    redis.call('PEXPIRE', KEYS[1], ARGV[4])
  elseif not redis.call('SET', KEYS[3], 1, 'PX', ARGV[7], 'NX') then
    return {'busy', math.max(redis.call('PTTL', KEYS[3]), 1)}
  end
  return {'right', phone, account or '', ip_blocks or '', provider or ''}
end
count(KEYS[2], ARGV[6])
local left = tonumber(ARGV[3]) - redis.call('HINCRBY', KEYS[1], 'attempts', 1)
if left > 0 then
  return {'wrong', left}
end
redis.call('DEL', KEYS[1])
return {'exhausted'}
