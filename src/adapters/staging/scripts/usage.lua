-- KEYS: the counters. ARGV: see rules.lua. Answers, for each, how far it is and how long it stays so.
local reply = {'done'}
for i, key in ipairs(KEYS) do
  local members = ARGV[4 * i - 3] == 'members'
  reply[2 * i] = members and redis.call('HLEN', key) or tonumber(redis.call('GET', key) or 0)
  reply[2 * i + 1] = math.max(redis.call('PTTL', key), 0)
end
return reply
