-- Prelude of the scripts over counters. All times are in milliseconds and come from the lifetimes of the keys.

-- Reads the counters of the call: their keys from KEYS[key] on, and from ARGV[arg] on four arguments each: rule, max,
-- window, more. A cooldown has as `max` the place of the key that it grows with (0: none), as `more` its waits. A
-- shared counter has as `more` the calls that each other class keeps, the classes, its own first, and its member, if
-- it has one: '18 new_numbers,existing_accounts member'.
local function counters(key, arg)
  local list = {}
  for i = key, #KEYS do
    local rule, max, window, more = unpack(ARGV, arg, arg + 3)
    local counter = {key = KEYS[i], rule = rule, max = tonumber(max), window = tonumber(window), waits = more}
    if rule == 'shared' then
      local reserved, space, member
      reserved, counter.classes, space, member = string.match(more, '^(%d+) (%S+)( ?)(.*)$')
      counter.reserved, counter.class = tonumber(reserved), string.match(counter.classes, '^[^,]+')
      counter.distinct = space ~= ''
      counter.field = counter.distinct and counter.class .. ' ' .. member or counter.class
    end
    list[#list + 1] = counter
    arg = arg + 4
  end
  return list
end

-- Calls of a class on a shared counter, or its different members. The counter is a hash: a field for each class with
-- this number and, for different members, a field for each class and member with its calls.
local function used(counter, class)
  return tonumber(redis.call('HGET', counter.key, class) or 0)
end

-- Whether a class has used what the other classes leave: of each, what it has used, and at least what it keeps.
local function is_used_up(counter)
  local room = counter.max
  for class in string.gmatch(counter.classes, '[^,]+') do
    local count = used(counter, class)
    room = room - (class == counter.class and count or math.max(count, counter.reserved))
  end
  return room <= 0
end

-- A sliding window is a list of gaps, the newest event first: the time from the event before it to this event. The key
-- expires when the newest event leaves the window, so an event leaves it at the lifetime of the key, minus the gaps of
-- the newer events. Returns the number of events in the window, at most `max`, and the time until the oldest of them
-- leaves it.
local function events(counter)
  local left, oldest, count = redis.call('PTTL', counter.key), 0, 0
  -- A key in its last millisecond has 0 left.
  left = left >= 0 and math.max(left, 1) or 0
  for _, gap in ipairs(redis.call('LRANGE', counter.key, 0, counter.max - 1)) do
    if left <= 0 then
      break
    end
    count, oldest = count + 1, left
    left = left - tonumber(gap)
  end
  return count, oldest
end

-- Type of the key that a counter has. A threshold reads the counter of another rule.
local function type_of(counter)
  if counter.rule == 'threshold' then
    return redis.call('TYPE', counter.key).ok
  end
  return counter.rule == 'sliding' and 'list' or counter.rule == 'shared' and 'hash' or 'string'
end

local function value(counter)
  local type = type_of(counter)
  if counter.rule == 'shared' then
    return used(counter, counter.class)
  elseif type == 'hash' then
    local sum, fields = 0, redis.call('HGETALL', counter.key)
    for i = 1, #fields, 2 do
      if not string.find(fields[i], ' ', 1, true) then
        sum = sum + tonumber(fields[i + 1])
      end
    end
    return sum
  elseif type == 'list' then
    return (events(counter))
  end
  return tonumber(redis.call('GET', counter.key) or 0)
end

-- Time until the counter has room for this call; 0 if it has room now.
local function wait(counter)
  if counter.rule == 'cooldown' then
    return math.max(redis.call('PTTL', counter.key), 0)
  end
  if counter.distinct and redis.call('HEXISTS', counter.key, counter.field) == 1 then
    return 0
  end
  if type_of(counter) == 'list' then
    local count, left = events(counter)
    if count < counter.max then
      return 0
    end
    return left > 0 and left or counter.window
  end
  if counter.rule == 'shared' then
    if not is_used_up(counter) then
      return 0
    end
  elseif value(counter) < counter.max then
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
  for wait in string.gmatch(counter.waits, '%d+') do
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
  if counter.rule == 'shared' then
    if redis.call('HINCRBY', counter.key, counter.field, 1) == 1 and counter.distinct then
      redis.call('HINCRBY', counter.key, counter.class, 1)
    end
    if redis.call('PTTL', counter.key) < 0 then
      redis.call('PEXPIRE', counter.key, counter.window)
    end
  elseif counter.rule == 'sliding' then
    local left = redis.call('PTTL', counter.key)
    redis.call('LPUSH', counter.key, left >= 0 and math.max(counter.window - left, 0) or 0)
    redis.call('LTRIM', counter.key, 0, counter.max - 1)
    redis.call('PEXPIRE', counter.key, counter.window)
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

-- Subtracts one from a field of a hash. A field with nothing left is deleted, the last one with the key; then also
-- subtracts one from the field `total`, if there is one.
local function subtract(key, field, total)
  local known = redis.call('HEXISTS', key, field) == 1
  if known and redis.call('HINCRBY', key, field, -1) < 1 then
    redis.call('HDEL', key, field)
    if total then
      subtract(key, total)
    end
  end
end

-- Subtracts one call, the newest one of a sliding window. The last one ends the window, as if it had never begun.
local function refund(counter)
  if counter.rule == 'shared' then
    subtract(counter.key, counter.field, counter.distinct and counter.class)
  elseif counter.rule == 'sliding' then
    local left, gap = redis.call('PTTL', counter.key), redis.call('LPOP', counter.key)
    -- The key expires with the newest event that is left; at once if that has left the window.
    if gap then
      redis.call('PEXPIRE', counter.key, math.max(left - tonumber(gap), 0))
    end
  elseif counter.rule == 'count' and value(counter) > 1 then
    redis.call('DECR', counter.key)
  elseif counter.rule == 'count' or counter.rule == 'cooldown' then
    redis.call('DEL', counter.key)
  end
end

local function reply(word, list)
  table.insert(list, 1, word)
  return list
end
