-- KEYS: 1 name of the refund, then the counters. ARGV: 1 time for which the refund is remembered, then the counters
-- (see counters.lua).
if redis.call('SET', KEYS[1], 1, 'PX', ARGV[1], 'NX') then
  for _, counter in ipairs(counters(2, 2)) do
    refund(counter)
  end
end
return {'done'}
