-- KEYS and ARGV 1-7: see reserve.lua. ARGV: 8 life, 9 phone, 10 decoy, 11 account, 12 client, 13 ip_block, then the
-- cooldowns.
local refusal, cooldown = reserve(14)
if refusal then
  return refusal
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'purpose', ARGV[1], 'phone', ARGV[9], 'decoy', ARGV[10], 'account', ARGV[11],
  'client', ARGV[12], 'ip_blocks', ARGV[13], 'step', 'code_sent', 'attempts', 0, 'sends', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return {'yes', cooldown}
