-- KEYS: 1 flow. ARGV: 1-5 see flow.lua.
if not refuse('', redis.call('HGET', KEYS[1], 'step')) and redis.call('HDEL', KEYS[1], 'ip_blocks') == 1 then
  return {'done'}
end
return {'none'}
