-- Reserves the times at which the messages of one batch may leave (generic cell rate algorithm).
-- All times are microseconds of Redis' own clock.
--
-- KEYS[1]  the limiter's epoch: the time from which Redis remembers what was sent
-- KEYS[2]  the sender: its next free time and the mix of its last batch; with ":" and a recipient's
--          address appended, the time of the last message to that recipient
-- ARGV[1]  interval per unit of cost; 0 if the sender has no limit
-- ARGV[2]  horizon: a message that would leave later gets no time
-- ARGV[3]  interval between two messages to one recipient; 0 if there is no such limit
-- ARGV[4]  gap to keep free in front of this batch if the batch before it had another mix
-- ARGV[5]  the mix of this batch's costs: "all 2", "up to 3"
-- ARGV[6]  the recipients' addresses, separated by spaces
-- ARGV[7]  the messages' costs, separated by spaces
--
-- ARGV[6] and ARGV[7] are one string each because a hundred arguments cost more time than all the
-- rest of this script.
--
-- Returns one string of numbers, because fifty replies take ten times as long to read: per message
-- the microseconds from now until it may leave, or, if negative, that it gets no time and that its
-- sender should not ask again before -value; last, the microseconds until the sender's next free
-- time.
--
-- A flushed Redis has no epoch. It has forgotten what was sent in the last moments and which times,
-- up to the horizon, workers still hold. So every sender starts closed until the limits can no
-- longer reach back to any of those messages.

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, horizon, pair = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local epoch = tonumber(redis.call('GET', KEYS[1]))
if not epoch or epoch > now then
    epoch = now
    redis.call('SET', KEYS[1], string.format('%.0f', now))
end

local free = now
if interval > 0 then
    free = epoch + horizon + 1000000
    local sender = redis.call('GET', KEYS[2])
    if sender then
        local at, mix = string.match(sender, '^(%d+) ?(.*)$')
        -- The last message of the batch before cannot need more than this. The stored time may be
        -- later, because the limit was raised or the clock was set back meanwhile.
        local longest = tonumber(string.match(mix, '%d+')) or 1
        free = math.min(tonumber(at), now + horizon + 1000000 + interval * longest)
        if mix ~= ARGV[5] then free = free + tonumber(ARGV[4]) end
    end
    free = math.max(now, free)
end

local until_horizon = now + horizon
local first = epoch + horizon + pair
local keys, last_by_key = {}, {}
for address in string.gmatch(ARGV[6], '%S+') do keys[#keys + 1] = KEYS[2] .. ':' .. address end
local pair_left = math.ceil(pair / 1000)
if pair > 0 then
    -- A thousand keys at a time: unpack can hand over at most 8,000 values.
    for from = 0, #keys - 1, 1000 do
        local chunk = {unpack(keys, from + 1, math.min(from + 1000, #keys))}
        for i, at in ipairs(redis.call('MGET', unpack(chunk))) do
            last_by_key[chunk[i]] = tonumber(at)
        end
    end
end

local times = {}
local is_any = false
local costs = string.gmatch(ARGV[7], '%d+')
for _, key in ipairs(keys) do
    local at, cost, last = free, tonumber(costs()), last_by_key[key]
    if pair > 0 then
        at = math.max(at, last and math.min(last, until_horizon) + pair or first)
    end
    -- If the sender is limited, a message that waits for its recipient's own limit gets no time:
    -- it would break the even spacing.
    if at > until_horizon or (interval > 0 and at > free) then
        times[#times + 1] = string.format('%.0f', -math.max(1, at - now))
    else
        times[#times + 1] = string.format('%.0f', at - now)
        is_any = true
        if interval > 0 then free = free + interval * cost end
        if pair > 0 then
            last_by_key[key] = at
            redis.call('SET', key, string.format('%.0f', at), 'PX',
                       pair_left + math.ceil((at - now) / 1000))
        end
    end
end
if interval > 0 and is_any then
    redis.call('SET', KEYS[2], string.format('%.0f %s', free, ARGV[5]))
end
times[#times + 1] = string.format('%.0f', free - now)
return table.concat(times, ' ')
