-- KEYS: 1 flow. ARGV: 1-5 see flow.lua, 6 provider, 7 IP block of a resend.
if not refuse('', redis.call('HGET', KEYS[1], 'step')) then
  redis.call('HSET', KEYS[1], 'provider', ARGV[6])
  if ARGV[7] ~= '' then
    redis.call('HSET', KEYS[1], 'ip_blocks', (redis.call('HGET', KEYS[1], 'ip_blocks') or '') .. ',' .. ARGV[7])
  end
end
return {'done'}
