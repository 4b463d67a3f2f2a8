-- KEYS: 1 flow.
if tonumber(redis.call('HGET', KEYS[1], 'passwords') or 0) > 0 then
  redis.call('HINCRBY', KEYS[1], 'passwords', -1)
end
return {'done'}
