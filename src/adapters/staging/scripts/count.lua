-- KEYS: the counters. ARGV: see rules.lua.
for i = 1, #KEYS do
  local wait = wait_for(i)
  if wait > 0 then
    return {'full', i - 1, wait}
  end
end
local reply = {'done'}
for i = 1, #KEYS do
  reply[i + 1] = add(i)
end
return reply
