-- In front of the two scripts that send. They share
--   KEYS: 1 flow, 2 cooldown, 3 hour, 4 day, 5 wrong codes of the day
--   ARGV: 1 purpose, then max and window of 2-3 hour, 4-5 day, 6-7 wrong codes; last of all the cooldowns

-- Reserves a send, or changes nothing. Answers the refusal, or nil and the new cooldown; the cooldowns are the
-- arguments from `first` on.
local function reserve(first)
  local cooling = redis.call('PTTL', KEYS[2])
  if cooling > 0 then
    return {'cooldown', cooling}
  end
  local limited = math.max(full(KEYS[3], ARGV[2], ARGV[3]), full(KEYS[4], ARGV[4], ARGV[5]), full(KEYS[5], ARGV[6], ARGV[7]))
  if limited > 0 then
    return {'limit', limited}
  end
  local sends = count(KEYS[3], ARGV[3])
  count(KEYS[4], ARGV[5])
  local cooldown = tonumber(ARGV[math.min(first + sends - 1, #ARGV)])
  if #ARGV < first or cooldown == 0 then
    return nil, 0
  end
  redis.call('SET', KEYS[2], 1, 'PX', cooldown)
  return nil, cooldown
end
