-- KEYS: 1 flow, then its limits. ARGV: 1 id of a resend, or '' for the first message, whose flow is deleted, then the
-- limits (see counters.lua). Only the last resend can be cancelled, and only once.
if ARGV[1] == '' then
  if redis.call('DEL', KEYS[1]) == 0 then
    return {'done'}
  end
elseif redis.call('HGET', KEYS[1], 'resend') == ARGV[1] then
  redis.call('HDEL', KEYS[1], 'resend')
else
  return {'done'}
end
for _, counter in ipairs(counters(2, 2)) do
  refund(counter)
end
return {'done'}
