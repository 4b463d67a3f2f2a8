-- In front of every script that counts. All time is in milliseconds and comes from the lives of the keys.

-- How long this counter stays full; 0 while it has room. A quota of nothing is full without a key.
local function full(key, max, window)
  if tonumber(redis.call('GET', key) or 0) < tonumber(max) then
    return 0
  end
  local left = redis.call('PTTL', key)
  -- In its last millisecond a key is still there and has 0 left.
  return left >= 0 and math.max(left, 1) or tonumber(window)
end

-- The first one makes the key and its expiry in one command; INCR keeps the expiry that is there.
local function count(key, window)
  if redis.call('SET', key, 1, 'PX', window, 'NX') then
    return 1
  end
  return redis.call('INCR', key)
end

-- The last one taken back ends the window, as if it had never begun.
local function uncount(key)
  if tonumber(redis.call('GET', key) or 0) > 1 then
    redis.call('DECR', key)
  else
    redis.call('DEL', key)
  end
end
