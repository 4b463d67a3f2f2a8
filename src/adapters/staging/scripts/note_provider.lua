-- KEYS: 1 flow. ARGV: 1 provider.
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'provider', ARGV[1])
end
return {'done'}
