-- KEYS: 1 flow, then its limits. ARGV: 1 whether the flow is deleted, then the limits (see counters.lua).
if redis.call('EXISTS', KEYS[1]) == 0 then
  return {'done'}
end
for _, counter in ipairs(counters(2, 2)) do
  refund(counter)
end
if ARGV[1] == '1' then
  redis.call('DEL', KEYS[1])
end
return {'done'}
