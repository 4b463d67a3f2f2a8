-- Prelude of the scripts over counters. All times are in milliseconds and come from the lifetimes of the keys. CLASSES
-- is the list of the budget classes (see scripts/mod.rs).
--
-- Most of the cost of a script is its commands. A call therefore reads each counter once, and all plain numbers with
-- one command. Numbers that are only passed on stay texts: Redis takes them faster.

-- Returns the counters of the call: their keys from KEYS[key] on, and from ARGV[arg] on three arguments each: rule,
-- max, window. The rules number, classes and events are thresholds of a number, a shared counter and a sliding window.
-- A cooldown has as `max` the place of the counter that it grows with (0: none), as `window` its waits. A shared
-- counter has three more arguments: the calls that each other class keeps, its own class, and the field of its member,
-- or ''.
local function counters(key, arg)
  local list = {}
  for i = key, #KEYS do
    local counter = {key = KEYS[i], rule = ARGV[arg], max = tonumber(ARGV[arg + 1]), window = ARGV[arg + 2]}
    arg = arg + 3
    if counter.rule == 'shared' then
      counter.reserved, counter.class, counter.member = tonumber(ARGV[arg]), ARGV[arg + 1], ARGV[arg + 2]
      arg = arg + 3
    end
    list[i - key + 1] = counter
  end
  return list
end

-- A shared counter is a hash: a field for each class with its calls or, if it counts different members, with the number
-- of its members, and then a field for each member of a class with its calls. Reads the calls of this class, or of all
-- classes. A class has room while the others leave it: of each, what it has used, and at least what it keeps.
local function read_classes(counter)
  local values = redis.call('HMGET', counter.key, counter.member or '', unpack(CLASSES))
  local room, sum = counter.max, 0
  for i, class in ipairs(CLASSES) do
    local count = tonumber(values[i + 1] or 0)
    sum = sum + count
    if class == counter.class then
      counter.value = count
    elseif counter.reserved then
      count = math.max(count, counter.reserved)
    end
    room = room - count
  end
  counter.value, counter.is_new = counter.value or sum, sum == 0
  -- A known member always has room.
  counter.is_reached = room <= 0 and not values[1]
end

-- A sliding window is a list of gaps, the newest event first: the time from the event before it to this event. The key
-- expires when the newest event leaves the window, so an event leaves it at the lifetime of the key, minus the gaps of
-- the newer events. Reads the number of events in the window, at most `max`, and the time until the oldest of them
-- leaves it.
local function read_events(counter)
  local gaps, count, oldest = redis.call('LRANGE', counter.key, 0, counter.max - 1), 0, 0
  -- A key in its last millisecond has 0 left.
  local left = #gaps > 0 and math.max(redis.call('PTTL', counter.key), 1) or 0
  for _, gap in ipairs(gaps) do
    if left <= 0 then
      break
    end
    count, oldest = count + 1, left
    left = left - tonumber(gap)
  end
  counter.value, counter.left = count, oldest
end

-- Reads the value of every counter, and whether its limit is reached.
local function read(list)
  local numbers, keys = {}, {}
  for _, counter in ipairs(list) do
    if counter.rule == 'shared' or counter.rule == 'classes' then
      read_classes(counter)
    elseif counter.rule == 'sliding' or counter.rule == 'events' then
      read_events(counter)
      counter.is_reached = counter.value >= counter.max
    else
      numbers[#numbers + 1], keys[#keys + 1] = counter, counter.key
    end
  end
  if #keys > 0 then
    local values = redis.call('MGET', unpack(keys))
    for i, counter in ipairs(numbers) do
      counter.value = tonumber(values[i] or 0)
      counter.is_reached = counter.rule == 'cooldown' and counter.value > 0
        or counter.rule ~= 'cooldown' and counter.value >= counter.max
    end
  end
end

-- Time until a reached counter has room for this call.
local function wait(counter)
  if counter.left and counter.left > 0 then
    return counter.left
  end
  local left = redis.call('PTTL', counter.key)
  -- A key in its last millisecond has 0 left. A quota of 0 is reached without a key.
  return left >= 0 and math.max(left, 1) or tonumber(counter.window)
end

-- Starts the cooldown, and returns the number of sends that it follows. `list` has the counter that it grows with.
local function start_cooldown(counter, list)
  local grown, wait, n = list[counter.max], '0', 0
  local sends = (grown and grown.value or 0) + 1
  -- The last wait applies to all later sends.
  for one in string.gmatch(counter.window, '%d+') do
    wait, n = one, n + 1
    if n == sends then
      break
    end
  end
  if wait ~= '0' then
    redis.call('SET', counter.key, '1', 'PX', wait)
  end
  return sends
end

-- Counts the call and returns the new value. A key gets its expiry in the call that creates it.
local function add(counter)
  local key, window = counter.key, counter.window
  if counter.rule == 'count' then
    if counter.value == 0 and redis.call('SET', key, '1', 'PX', window, 'NX') then
      return 1
    end
    return redis.call('INCR', key)
  elseif counter.rule == 'shared' then
    local value = counter.value
    if counter.member == '' or redis.call('HINCRBY', key, counter.member, '1') == 1 then
      value = redis.call('HINCRBY', key, counter.class, '1')
    end
    if counter.is_new then
      redis.call('PEXPIRE', key, window)
    end
    return value
  elseif counter.rule == 'sliding' then
    local left = redis.call('PTTL', key)
    redis.call('LPUSH', key, left >= 0 and math.max(tonumber(window) - left, 0) or '0')
    redis.call('LTRIM', key, '0', counter.max - 1)
    redis.call('PEXPIRE', key, window)
    return counter.value + 1
  end
  return counter.value
end

-- Returns the reached counters, as index (from 0) and wait, or nil.
local function reached(list)
  read(list)
  local found = {}
  for i, counter in ipairs(list) do
    local left = counter.is_reached and wait(counter) or 0
    if left > 0 then
      found[#found + 1] = i - 1
      found[#found + 1] = left
    end
  end
  return #found > 0 and found or nil
end

-- Counts on all counters or on none. Returns the reached ones, or nil and the new values. The value of a threshold is
-- the one before the call.
local function admit(list)
  local denied, values = reached(list), {}
  if denied then
    return denied
  end
  -- Cooldowns first: they grow with what was counted before this call.
  for i, counter in ipairs(list) do
    values[i] = counter.rule == 'cooldown' and start_cooldown(counter, list) or 0
  end
  for i, counter in ipairs(list) do
    if counter.rule ~= 'cooldown' then
      values[i] = add(counter)
    end
  end
  return nil, values
end

-- Subtracts one from a field of a hash. A field with nothing left is deleted, the last one with the key. Returns
-- whether the field had one left.
local function subtract(key, field)
  local left = redis.call('HINCRBY', key, field, '-1')
  if left < 1 then
    redis.call('HDEL', key, field)
  end
  return left == 0
end

-- Subtracts one call, the newest one of a sliding window. The last one ends the window, as if it had never begun.
local function refund(counter)
  if counter.rule == 'count' then
    if redis.call('DECR', counter.key) < 1 then
      redis.call('DEL', counter.key)
    end
  elseif counter.rule == 'shared' then
    if counter.member == '' or subtract(counter.key, counter.member) then
      subtract(counter.key, counter.class)
    end
  elseif counter.rule == 'sliding' then
    local left, gap = redis.call('PTTL', counter.key), redis.call('LPOP', counter.key)
    -- The key expires with the newest event that is left; at once if that has left the window.
    if gap then
      redis.call('PEXPIRE', counter.key, math.max(left - tonumber(gap), 0))
    end
  elseif counter.rule == 'cooldown' then
    redis.call('DEL', counter.key)
  end
end

local function reply(word, list)
  table.insert(list, 1, word)
  return list
end
