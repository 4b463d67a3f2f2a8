-- KEYS: the counters. ARGV: max and window of each.
for i, key in ipairs(KEYS) do
  local wait = full(key, ARGV[2 * i - 1], ARGV[2 * i])
  if wait > 0 then
    return {'full', i - 1, wait}
  end
end
for i, key in ipairs(KEYS) do
  count(key, ARGV[2 * i])
end
return {'done'}
