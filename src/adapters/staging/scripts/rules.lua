-- Between counters.lua and every script over counters of all rules. Each has four arguments: rule (calls, members or below),
-- max, window and member.

-- How long the counter stays full for this call; 0 while there is room.
local function wait_for(i)
  local key, rule, max, window, member = KEYS[i], unpack(ARGV, 4 * i - 3, 4 * i)
  if rule ~= 'members' then
    return full(key, max, window)
  end
  if redis.call('HEXISTS', key, member) == 1 or redis.call('HLEN', key) < tonumber(max) then
    return 0
  end
  local left = redis.call('PTTL', key)
  return left >= 0 and math.max(left, 1) or tonumber(window)
end

-- Counts, and says how far the counter is.
local function add(i)
  local key, rule, _, window, member = KEYS[i], unpack(ARGV, 4 * i - 3, 4 * i)
  if rule == 'below' then
    return tonumber(redis.call('GET', key) or 0)
  end
  if rule == 'calls' then
    return count(key, window)
  end
  redis.call('HINCRBY', key, member, 1)
  if redis.call('PTTL', key) < 0 then
    redis.call('PEXPIRE', key, window)
  end
  return redis.call('HLEN', key)
end

local function take_back(i)
  local key, rule, _, _, member = KEYS[i], unpack(ARGV, 4 * i - 3, 4 * i)
  if rule == 'calls' then
    uncount(key)
  elseif rule == 'members' and redis.call('HEXISTS', key, member) == 1 then
    -- The last field takes the key with it.
    if redis.call('HINCRBY', key, member, -1) < 1 then
      redis.call('HDEL', key, member)
    end
  end
end
