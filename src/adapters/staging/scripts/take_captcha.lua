-- KEYS: 1 captcha.
local answer = redis.call('HGET', KEYS[1], 'answer')
if redis.call('DEL', KEYS[1]) == 0 then
  return {'gone'}
end
return {'done', answer}
