-- KEYS: 1 flow.
if redis.call('HGET', KEYS[1], 'step') == 'code_sent' and redis.call('HDEL', KEYS[1], 'ip_blocks') == 1 then
  return {'yes'}
end
return {'none'}
