-- KEYS: 1 captcha. ARGV: 1 answer, 2 life.
redis.call('HSET', KEYS[1], 'answer', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {'done'}
