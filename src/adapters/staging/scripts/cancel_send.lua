-- KEYS: 1 flow, 2 cooldown, 3 hour, 4 day. ARGV: 1 refund, 2 end.
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'done'}
end
redis.call('DEL', KEYS[2])
if ARGV[1] == '1' then
  uncount(KEYS[3])
  uncount(KEYS[4])
end
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[1])
end
return {'done'}
