-- One bucket of a rate limit, shared by all nodes: GCRA, the same arithmetic as in `rate.rs`.
--
-- KEYS[1]  the moment at which the bucket is full again, as `seconds:nanoseconds`; absent = it is full
-- ARGV     what is asked for ("take", "peek" or "back"); the interval and the burst, in nanoseconds
--
-- Answers with: whether one may pass; nanoseconds until the bucket is full; the time it was asked at.
-- The time is the server's own, so that the clocks of the nodes do not matter. Seconds and nanoseconds are apart,
-- because Lua's numbers are exact up to 2^53 and no further.
local what, interval, burst = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local seconds, nanos = tonumber(time[1]), tonumber(time[2]) * 1000

local ahead = 0
local held = redis.call('GET', KEYS[1])
if held then
  local at, rest = string.match(held, '^(%d+):(%d+)$')
  ahead = math.max(0, (tonumber(at) - seconds) * 1000000000 + tonumber(rest) - nanos)
end

local after = ahead + interval
local allowed = after <= burst
if what == 'back' then
  after = ahead - interval
end
if what == 'take' and allowed or what == 'back' then
  ahead = math.max(0, after)
  local full = nanos + ahead
  if ahead > 0 then
    local at = string.format('%.0f:%.0f', seconds + math.floor(full / 1000000000), full % 1000000000)
    -- A bucket that is full and one that is not there are the same; a second more, for a clock that is coarse.
    redis.call('SET', KEYS[1], at, 'PX', string.format('%.0f', math.ceil(ahead / 1000000) + 1000))
  elseif held then
    redis.call('DEL', KEYS[1])
  end
end
return { allowed and 1 or 0, ahead, seconds, nanos }
