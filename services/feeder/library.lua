#!lua name=livefair_feed
-- What the feeder does inside Valkey: store and announce publications, and make a partition again after a loss.
-- Every function is whole or nothing to its readers, because the server runs nothing else meanwhile.
-- Names and layouts are those of livefair/wire/feed.py; keys are made here, so all of them live on one server.

local function forget_channel(channel)
  redis.call('UNLINK', 'feed:' .. channel, 'view:' .. channel)
end

-- The highest origin seen of an upstream partition: {offset, nth, ordinal}.
local function highest(feeder, upstream)
  local text = redis.call('HGET', feeder, 'o:' .. upstream)
  if not text then
    return { -1, 0, 0 }
  end
  local offset, nth, ordinal = string.match(text, '^(%d+)-(%d+)-(%d+)$')
  return { tonumber(offset), tonumber(nth), tonumber(ordinal) }
end

local function above(offset, nth, ordinal, top)
  if offset ~= top[1] then
    return offset > top[1]
  end
  if nth ~= top[2] then
    return nth > top[2]
  end
  return ordinal > top[3]
end

-- KEYS: feeder:{partition} last:{partition}
-- ARGV: token (the epoch, or the id of a rebuild), from, next, window, announce-from, the publications' heads, then an
-- event for each. The heads are MessagePack, a list with a list for each publication:
--   offset channel class entity upstream origin-offset origin-nth origin-ordinal trail   (upstream '': no origin)
-- Stores what stands at `from` and after, up to `next`. Gives {stored, repeated, next to read}; where something is
-- missing before `from`, nothing is done and stored is -1. Without the token's sentinel it fails with REBUILD.
local function feed(keys, args)
  local feeder, last = keys[1], keys[2]
  local head = redis.call('HMGET', feeder, 'epoch', 'building', 'offset', 'floor')
  if head[1] ~= args[1] and head[2] ~= args[1] then
    return redis.error_reply('REBUILD there is no sentinel of this feed')
  end
  local have = tonumber(head[3])
  if tonumber(args[2]) > have then
    return { -1, 0, have }
  end
  local floor = head[4] or '-1'
  local window, announce = args[4], tonumber(args[5])
  local origins, prevs = {}, {}
  local stored, repeated = 0, 0
  for i, head in ipairs(cmsgpack.unpack(args[6])) do
    local offset, channel = head[1], head[2]
    if offset >= have then
      local upstream, fresh = head[5], true
      if upstream ~= '' then
        local top = origins[upstream]
        if not top then
          top = highest(feeder, upstream)
          origins[upstream] = top
        end
        local o, n, r = head[6], head[7], head[8]
        fresh = above(o, n, r, top)
        if fresh then
          top[1], top[2], top[3] = o, n, r
        end
      end
      if fresh then
        local prev = prevs[channel] or redis.call('HGET', last, channel)
        if not prev then
          forget_channel(channel)
          prev = floor
        end
        local id, class, entity, event = string.format('%.0f', offset), head[3], head[4], args[6 + i]
        -- The stream itself refuses an id that is not larger; then it is there already.
        redis.pcall('XADD', 'feed:' .. channel, 'MAXLEN', '~', window, id .. '-1', 'p', prev, 'c', class, 'e', event)
        if entity ~= '' then
          redis.call('HSET', 'view:' .. channel, entity, event)
        end
        if offset >= announce then
          redis.call('PUBLISH', 'push:' .. channel, id .. ' ' .. prev .. ' ' .. class .. ' ' .. head[9] .. ' ' .. event)
        end
        prevs[channel] = id
        stored = stored + 1
      else
        repeated = repeated + 1
      end
    end
  end
  for channel, offset in pairs(prevs) do
    redis.call('HSET', last, channel, offset)
  end
  for upstream, top in pairs(origins) do
    if top[1] >= 0 then
      redis.call('HSET', feeder, 'o:' .. upstream, string.format('%.0f-%.0f-%.0f', top[1], top[2], top[3]))
    end
  end
  if tonumber(args[3]) > have then
    have = tonumber(args[3])
    redis.call('HSET', feeder, 'offset', args[3])
  end
  return { stored, repeated, have }
end

-- KEYS: feeder:{partition} last:{partition}   ARGV: id of the rebuild, offset to begin at, floor, then upstream and
-- origin in turns. Wipes the partition; until `complete` it has no sentinel, so nobody believes it.
local function begin(keys, args)
  local feeder, last = keys[1], keys[2]
  for _, channel in ipairs(redis.call('HKEYS', last)) do
    forget_channel(channel)
  end
  redis.call('DEL', feeder, last)
  redis.call('HSET', feeder, 'building', args[1], 'offset', args[2], 'floor', args[3], 'checkpoint', args[2])
  for i = 4, #args, 2 do
    redis.call('HSET', feeder, 'o:' .. args[i], args[i + 1])
  end
  return redis.status_reply('OK')
end

-- KEYS as above. ARGV: id of the rebuild, then three for each row of `views`: channel entity event; entity '' is the
-- channel's last offset, where that is known.
local function restore(keys, args)
  local feeder, last = keys[1], keys[2]
  local head = redis.call('HMGET', feeder, 'building', 'floor')
  if head[1] ~= args[1] then
    return redis.error_reply('REBUILD this rebuild is void')
  end
  for i = 2, #args, 3 do
    local channel, entity, value = args[i], args[i + 1], args[i + 2]
    if redis.call('HEXISTS', last, channel) == 0 then
      forget_channel(channel)
      redis.call('HSET', last, channel, head[2])
    end
    if entity == '' then
      redis.call('HSET', last, channel, value)
    else
      redis.call('HSET', 'view:' .. channel, entity, value)
    end
  end
  return redis.status_reply('OK')
end

-- KEYS as above. ARGV: id of the rebuild, epoch. The sentinel appears.
local function complete(keys, args)
  local feeder = keys[1]
  if redis.call('HGET', feeder, 'building') ~= args[1] then
    return redis.error_reply('REBUILD this rebuild is void')
  end
  redis.call('HDEL', feeder, 'building', 'floor')
  redis.call('HSET', feeder, 'epoch', args[2])
  return redis.status_reply('OK')
end

-- KEYS: acks:{partition}   ARGV: epoch, from, next, then person and offset in turns. A person's offset only rises.
-- Gives the next to read; where something is missing before `from`, or the epoch is new, that is lower than `next`.
local function acks(keys, args)
  local cache = keys[1]
  local head = redis.call('HMGET', cache, ':epoch', ':offset')
  if head[1] ~= args[1] then
    redis.call('DEL', cache)
    redis.call('HSET', cache, ':epoch', args[1], ':offset', '0')
    head[2] = '0'
  end
  if tonumber(args[2]) > tonumber(head[2]) then
    return tonumber(head[2])
  end
  for i = 4, #args, 2 do
    local seen = redis.call('HGET', cache, args[i])
    if not seen or tonumber(seen) < tonumber(args[i + 1]) then
      redis.call('HSET', cache, args[i], args[i + 1])
    end
  end
  if tonumber(args[3]) > tonumber(head[2]) then
    redis.call('HSET', cache, ':offset', args[3])
    return tonumber(args[3])
  end
  return tonumber(head[2])
end

redis.register_function('livefair_feed', feed)
redis.register_function('livefair_begin', begin)
redis.register_function('livefair_restore', restore)
redis.register_function('livefair_complete', complete)
redis.register_function('livefair_acks', acks)
