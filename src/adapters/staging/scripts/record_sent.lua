-- KEYS: 1 flow. ARGV: 1 provider, 2 ip_block of a further message.
if redis.call('HGET', KEYS[1], 'step') == 'code_sent' then
  redis.call('HSET', KEYS[1], 'provider', ARGV[1])
  if ARGV[2] ~= '' then
    redis.call('HSET', KEYS[1], 'ip_blocks', (redis.call('HGET', KEYS[1], 'ip_blocks') or '') .. ',' .. ARGV[2])
  end
end
return {'done'}
