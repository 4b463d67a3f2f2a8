-- Prelude of the scripts over counters. All times are in milliseconds and come from the lifetimes of the keys.

-- Reads the counters of the call: their keys from KEYS[key] on, and from ARGV[arg] on four arguments each: rule, max,
-- window, member. For a cooldown, `max` is the index of the key that it grows with (0: none), and `member` is the list
-- of its waits.
local function counters(key, arg)
  local list = {}
  for i = key, #KEYS do
    local rule, max, window, member = unpack(ARGV, arg, arg + 3)
    list[#list + 1] = {key = KEYS[i], rule = rule, max = tonumber(max), window = tonumber(window), member = member}
    arg = arg + 4
  end
  return list
end

local function value(counter)
  if counter.rule == 'distinct' then
    return redis.call('HLEN', counter.key)
  end
  return tonumber(redis.call('GET', counter.key) or 0)
end

-- Time until the counter has room for this call; 0 if it has room now.
local function wait(counter)
  if counter.rule == 'cooldown' then
    return math.max(redis.call('PTTL', counter.key), 0)
  end
  if counter.rule == 'distinct' and redis.call('HEXISTS', counter.key, counter.member) == 1 then
    return 0
  end
  if value(counter) < counter.max then
    return 0
  end
  local left = redis.call('PTTL', counter.key)
  -- A key in its last millisecond has 0 left. A quota of 0 is reached without a key.
  return left >= 0 and math.max(left, 1) or counter.window
end

local function start_cooldown(counter)
  local sends = 1
  if counter.max > 0 then
    sends = sends + tonumber(redis.call('GET', KEYS[counter.max]) or 0)
  end
  local waits = {}
  for wait in string.gmatch(counter.member, '%d+') do
    waits[#waits + 1] = tonumber(wait)
  end
  local wait = waits[math.min(sends, #waits)] or 0
  if wait > 0 then
    redis.call('SET', counter.key, 1, 'PX', wait)
  end
  return sends
end

-- Counts the call and returns the new value. The first call creates the key and its expiry in one command.
local function add(counter)
  if counter.rule == 'distinct' then
    redis.call('HINCRBY', counter.key, counter.member, 1)
    if redis.call('PTTL', counter.key) < 0 then
      redis.call('PEXPIRE', counter.key, counter.window)
    end
  elseif counter.rule == 'count' then
    if redis.call('SET', counter.key, 1, 'PX', counter.window, 'NX') then
      return 1
    end
    return redis.call('INCR', counter.key)
  end
  return value(counter)
end

-- Counts on all counters or on none. Returns the reached ones, as index (from 0) and wait, or nil and the new values.
local function admit(list)
  local reached, values = {}, {}
  for i, counter in ipairs(list) do
    local left = wait(counter)
    if left > 0 then
      reached[#reached + 1] = i - 1
      reached[#reached + 1] = left
    end
  end
  if #reached > 0 then
    return reached
  end
  -- Cooldowns first: they grow with what was counted before this call.
  for i, counter in ipairs(list) do
    values[i] = counter.rule == 'cooldown' and start_cooldown(counter) or 0
  end
  for i, counter in ipairs(list) do
    if counter.rule ~= 'cooldown' then
      values[i] = add(counter)
    end
  end
  return nil, values
end

-- Subtracts one call. The last one ends the window, as if it had never begun.
local function refund(counter)
  if counter.rule == 'distinct' then
    local known = redis.call('HEXISTS', counter.key, counter.member) == 1
    -- The last field takes the key with it.
    if known and redis.call('HINCRBY', counter.key, counter.member, -1) < 1 then
      redis.call('HDEL', counter.key, counter.member)
    end
  elseif counter.rule == 'count' and value(counter) > 1 then
    redis.call('DECR', counter.key)
  elseif counter.rule ~= 'threshold' then
    redis.call('DEL', counter.key)
  end
end

local function reply(word, list)
  table.insert(list, 1, word)
  return list
end
