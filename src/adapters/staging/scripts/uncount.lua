-- KEYS: the counters.
for _, key in ipairs(KEYS) do
  uncount(key)
end
return {'done'}
