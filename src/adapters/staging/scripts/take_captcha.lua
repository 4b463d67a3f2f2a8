-- KEYS: 1 captcha.
local answer = redis.call('GET', KEYS[1])
if not answer then
  return {'gone'}
end
redis.call('DEL', KEYS[1])
return {'done', answer}
