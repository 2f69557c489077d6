-- name: lags
-- How long ago the events that came in last had happened, by source: the nearest rank of the middle.
SELECT source,
       percentile_disc(0.5) WITHIN GROUP (
           ORDER BY greatest(extract(epoch FROM received_at - time), 0))::float8 AS lag_s
FROM events WHERE time >= %(since)s
GROUP BY source

-- name: ahead
-- Devices whose clock is ahead. One that is behind looks as if its events came late.
SELECT source, device, min(area) AS area,
       extract(epoch FROM max(time - received_at))::float8 AS ahead_s
FROM events
WHERE time >= %(since)s AND device IS NOT NULL AND time > received_at + %(ahead)s
GROUP BY source, device
ORDER BY ahead_s DESC, source, device
LIMIT %(limit)s

-- name: late
-- Events of [from, to) that came when their minute had long been shown.
SELECT source, area, count(*) AS n
FROM events
WHERE time >= %(start)s AND time < %(end)s AND received_at > time + %(late)s
  AND (%(source)s::text IS NULL OR source = %(source)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
GROUP BY source, area

-- name: is_many
-- Whether a range has more events than that, told by its counted minutes: the first so many say enough.
SELECT coalesce(sum(n), 0) > %(many)s OR count(*) > %(minutes)s AS yes
FROM (
    SELECT n FROM counts_1m WHERE minute >= %(start)s AND minute < %(end)s LIMIT %(minutes)s + 1
) AS counted

-- name: hour_of_day
-- One hour, and whether the source spoke at all around it: an hour without events is a zero of a
-- source that was there, and nothing of one that was not.
SELECT source, area, coalesce(sum(n) FILTER (WHERE hour = %(hour)s), 0)::bigint AS n
FROM rollup_1h
WHERE hour >= %(start)s AND hour < %(end)s
GROUP BY source, area

-- name: letters
SELECT source, count(*) AS n FROM dead_letters WHERE at >= %(since)s GROUP BY source

-- name: letters_unseen
-- It waits, and nobody has opened it.
SELECT count(*) AS n FROM dead_letters
WHERE at >= %(since)s AND retried_at IS NULL AND discarded_at IS NULL AND seen_at IS NULL

-- name: sending
SELECT count(*) AS endpoints,
       count(*) FILTER (WHERE disabled_at IS NULL AND failing_since IS NULL) AS running,
       (SELECT count(*) FROM deliveries WHERE state = 'pending') AS pending,
       (SELECT count(*) FROM deliveries
        WHERE state = 'failed' AND ended_at >= %(since)s) AS failed_24h
FROM endpoints WHERE deleted_at IS NULL

-- name: devices
-- One source's devices by name; the row after the last of a page is its cursor.
SELECT device, area, lat, lon, first_seen, last_seen, last_seen < %(cutoff)s AS silent
FROM devices
WHERE source = %(source)s
  AND (%(after)s::text IS NULL OR device > %(after)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(silent)s::boolean IS NULL OR (last_seen < %(cutoff)s) = %(silent)s::boolean)
  AND (%(names)s::text[] IS NULL OR device = ANY(%(names)s::text[]))
ORDER BY device
LIMIT %(limit)s
