-- Prelude of the scripts over counters. All times are in milliseconds and come from the lifetimes of the keys. CLASSES
-- is the list of the budget classes (see scripts/mod.rs).
--
-- The commands are most of the cost of a script. Several that return one value are cheaper than one that returns a
-- list, and numbers that are only passed on are cheaper as texts.

local call, tonumber = redis.call, tonumber

-- Returns the counters of the call: their keys from KEYS[key] on, and from ARGV[arg] on three arguments each: rule,
-- max, window. The rules number, classes and events are thresholds of a number, a shared counter and a sliding window.
-- A cooldown has as `max` the place of the counter that it grows with (0: none), as `window` its waits. A shared
-- counter has three more arguments: the calls that each other class keeps, its own class, and the field of its member,
-- or ''.
local function counters(key, arg)
  local list = {}
  for i = key, #KEYS do
    -- A table of its full size from the beginning is cheaper than one that grows.
    local counter = {
      key = KEYS[i], rule = ARGV[arg], max = tonumber(ARGV[arg + 1]), window = ARGV[arg + 2],
      reserved = 0, class = false, member = '', value = 0, is_new = false, is_reached = false, left = 0,
    }
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
  local room, sum, reserved = counter.max, 0, counter.reserved
  for i = 1, #CLASSES do
    local count = tonumber(call('HGET', counter.key, CLASSES[i]) or 0)
    sum = sum + count
    if CLASSES[i] == counter.class then
      counter.value = count
    elseif count < reserved then
      count = reserved
    end
    room = room - count
  end
  if not counter.class then
    counter.value = sum
  end
  counter.is_new = sum == 0
  -- A known member always has room.
  counter.is_reached = room <= 0 and (counter.member == '' or not call('HGET', counter.key, counter.member))
end

-- A sliding window is a list of gaps, the newest event first: the time from the event before it to this event. The key
-- expires when the newest event leaves the window, so an event leaves it at the lifetime of the key, minus the gaps of
-- the newer events. Reads the number of events in the window, at most `max`, and the time until the oldest of them
-- leaves it.
local function read_events(counter)
  local left = call('PTTL', counter.key)
  if left >= 0 then
    -- A key in its last millisecond has 0 left.
    left = math.max(left, 1)
    for _, gap in ipairs(call('LRANGE', counter.key, '0', counter.max - 1)) do
      if left <= 0 then
        break
      end
      counter.value, counter.left = counter.value + 1, left
      left = left - tonumber(gap)
    end
  end
  counter.is_reached = counter.value >= counter.max
end

-- Reads the value of a counter, and whether its limit is reached.
local function read(counter)
  local rule = counter.rule
  if rule == 'shared' or rule == 'classes' then
    read_classes(counter)
  elseif rule == 'sliding' or rule == 'events' then
    read_events(counter)
  else
    counter.value = tonumber(call('GET', counter.key) or 0)
    counter.is_reached = counter.value >= (rule == 'cooldown' and 1 or counter.max)
  end
end

-- Time until a reached counter has room for this call.
local function wait(counter)
  if counter.left > 0 then
    return counter.left
  end
  local left = call('PTTL', counter.key)
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
    call('SET', counter.key, '1', 'PX', wait)
  end
  return sends
end

-- Counts the call and returns the new value. The call that creates a key sets its expiry.
local function add(counter, list)
  local rule, key, window, value = counter.rule, counter.key, counter.window, counter.value
  if rule == 'count' then
    value = call('INCR', key)
    if value == 1 then
      call('PEXPIRE', key, window)
    end
  elseif rule == 'shared' then
    if counter.member == '' or call('HINCRBY', key, counter.member, '1') == 1 then
      value = call('HINCRBY', key, counter.class, '1')
    end
    if counter.is_new then
      call('PEXPIRE', key, window)
    end
  elseif rule == 'sliding' then
    local left = call('PTTL', key)
    call('LPUSH', key, left >= 0 and math.max(tonumber(window) - left, 0) or '0')
    call('LTRIM', key, '0', counter.max - 1)
    call('PEXPIRE', key, window)
    value = value + 1
  elseif rule == 'cooldown' then
    value = start_cooldown(counter, list)
  end
  return value
end

-- Reads all counters. Returns the reached ones, as index (from 0) and wait, or nil.
local function reached(list)
  local found = {}
  for i = 1, #list do
    local counter = list[i]
    read(counter)
    local left = counter.is_reached and wait(counter) or 0
    if left > 0 then
      found[#found + 1], found[#found + 2] = i - 1, left
    end
  end
  return #found > 0 and found or nil
end

-- Counts on all counters or on none. Returns the reached ones, or nil and the new values. A cooldown grows with the
-- value before the call, and the value of a threshold is the one before the call.
local function admit(list)
  local denied, values = reached(list), {}
  if denied then
    return denied
  end
  for i = 1, #list do
    values[i] = add(list[i], list)
  end
  return nil, values
end

-- Subtracts one from a field of a hash. A field with nothing left is deleted, the last one with the key. Returns
-- whether the field had one left.
local function subtract(key, field)
  local left = call('HINCRBY', key, field, '-1')
  if left < 1 then
    call('HDEL', key, field)
  end
  return left == 0
end

-- Subtracts one call, the newest one of a sliding window. The last one ends the window, as if it had never begun.
local function refund(counter)
  if counter.rule == 'count' then
    if call('DECR', counter.key) < 1 then
      call('DEL', counter.key)
    end
  elseif counter.rule == 'shared' then
    if counter.member == '' or subtract(counter.key, counter.member) then
      subtract(counter.key, counter.class)
    end
  elseif counter.rule == 'sliding' then
    local left, gap = call('PTTL', counter.key), call('LPOP', counter.key)
    -- The key expires with the newest event that is left; at once if that has left the window.
    if gap then
      call('PEXPIRE', counter.key, math.max(left - tonumber(gap), 0))
    end
  elseif counter.rule == 'cooldown' then
    call('DEL', counter.key)
  end
end

local function reply(word, list)
  table.insert(list, 1, word)
  return list
end
