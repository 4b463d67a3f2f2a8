-- Prelude of the scripts that make a transition. KEYS[1] is the flow. ARGV: 1 purpose ('' stands for every purpose),
-- 2 steps at which the transition is allowed, 3 those that restart the lifetime, 4 next step ('' keeps the step),
-- 5 lifetime. A list of steps is written ',a,b,'.

local function has(steps, step)
  return string.find(steps, ',' .. step .. ',', 1, true)
end

-- Reply that refuses the transition, or nil.
local function refuse(purpose, step)
  if not step or (ARGV[1] ~= '' and purpose ~= ARGV[1]) then
    return {'gone'}
  end
  if not has(ARGV[2], step) then
    return {'step', step}
  end
end

local function move(step)
  if ARGV[4] ~= '' then
    redis.call('HSET', KEYS[1], 'step', ARGV[4])
  end
  if has(ARGV[3], step) then
    redis.call('PEXPIRE', KEYS[1], ARGV[5])
  end
end
