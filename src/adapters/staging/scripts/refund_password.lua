-- KEYS: 1 flow. ARGV: 1 most passwords of a flow.
local left = redis.call('HGET', KEYS[1], 'passwords_left')
if left and tonumber(left) < tonumber(ARGV[1]) then
  redis.call('HINCRBY', KEYS[1], 'passwords_left', 1)
end
return {'done'}
