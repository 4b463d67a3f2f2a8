-- KEYS: the counters. ARGV: see counters.lua.
for _, counter in ipairs(counters(1, 1)) do
  refund(counter)
end
return {'done'}
