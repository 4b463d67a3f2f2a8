-- KEYS: 1 flow, 2 claim, 3 wrong codes of the phone. ARGV: 1-5 see flow.lua, 6 whether the code is right, 7 owner
-- of the claim ('' for none), 8 lifetime of the claim, then the wrong codes (see counters.lua).
local purpose, step, phone, account, password, decoy, ip_blocks, provider = unpack(redis.call(
  'HMGET', KEYS[1], 'purpose', 'step', 'phone', 'account', 'password_proven', 'decoy', 'ip_blocks', 'provider'
))
local refusal = refuse(purpose, step)
if refusal then
  return refusal
end
local wrong_codes = counters(3, 9)
local used_up = reached(wrong_codes)
if used_up then
  return reply('limited', used_up)
end
if ARGV[6] == '1' and decoy == '0' then
  if ARGV[7] ~= '' and not redis.call('SET', KEYS[2], ARGV[7], 'PX', ARGV[8], 'NX') then
    return {'busy', math.max(redis.call('PTTL', KEYS[2]), 1)}
  end
  move(step)
  return {'right', phone, account or '', password or '', ip_blocks or '', provider or ''}
end
add(wrong_codes[1])
local attempts_left = redis.call('HINCRBY', KEYS[1], 'attempts_left', -1)
if attempts_left > 0 then
  return {'wrong', attempts_left}
end
redis.call('DEL', KEYS[1])
return {'exhausted'}
