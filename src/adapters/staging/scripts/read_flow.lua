-- KEYS: 1 flow, 2 cooldown of the phone. ARGV: 1 purpose.
local purpose, phone, account, step, attempts_left, hash, consent, new_account, completion, question =
  unpack(redis.call('HMGET', KEYS[1], 'purpose', 'phone', 'account', 'step', 'attempts_left', 'password_hash',
    'consent', 'new_account', 'completion', 'question'))
if purpose ~= ARGV[1] then
  return {'gone'}
end
local cooldown = math.max(redis.call('PTTL', KEYS[2]), 0)
return {'done', phone, account or '', step, attempts_left, hash or '', consent or '', new_account or '',
  completion or '', question or '', redis.call('PTTL', KEYS[1]), cooldown}
