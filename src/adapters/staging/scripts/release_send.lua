-- KEYS: 1 cooldown, 2 hour, 3 day.
redis.call('DEL', KEYS[1])
uncount(KEYS[2])
uncount(KEYS[3])
return {'done'}
