-- KEYS: 1 flow. ARGV: 1-5 see flow.lua, 6 field of an allowance that is spent ('' for none), then fields and values.
local purpose, step, left = unpack(redis.call('HMGET', KEYS[1], 'purpose', 'step', ARGV[6]))
local refusal = refuse(purpose, step)
if refusal then
  return refusal
end
if ARGV[6] ~= '' then
  if tonumber(left) < 1 then
    return {'exhausted', math.max(redis.call('PTTL', KEYS[1]), 1)}
  end
  redis.call('HINCRBY', KEYS[1], ARGV[6], -1)
end
for i = 7, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
end
move(step)
local phone, account, password, completion =
  unpack(redis.call('HMGET', KEYS[1], 'phone', 'account', 'password_proven', 'completion'))
return {'done', phone, account or '', password or '', completion or '', redis.call('PTTL', KEYS[1])}
