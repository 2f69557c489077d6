-- name: counts
-- Events by step. What lies before `split` comes from the coarse aggregate, the rest from minutes.
-- `step` divides an hour or is a day; the origin is a midnight of the province (UTC+7 all year).
SELECT date_bin(%(step)s, minute, TIMESTAMPTZ '2000-01-01 00:00+07') AS t, sum(n)::bigint AS n
FROM rollup_1m
WHERE minute >= %(split)s AND minute < %(end)s
  AND (%(source)s::text IS NULL OR source = %(source)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
GROUP BY 1

-- name: counts_1h
-- Whole hours that are old enough to be in the aggregate.
SELECT hour AS t, sum(n)::bigint AS n
FROM rollup_1h
WHERE hour >= %(start)s AND hour < %(split)s
  AND (%(source)s::text IS NULL OR source = %(source)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
GROUP BY 1

-- name: counts_1d
-- Whole days of the province that are old enough to be in the aggregate.
SELECT day AS t, sum(n)::bigint AS n
FROM rollup_1d
WHERE day >= %(start)s AND day < %(split)s
  AND (%(source)s::text IS NULL OR source = %(source)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s::text)
GROUP BY 1

-- name: raised
-- Alarms by the time of their raising; the kind of an alarm is its rule.
SELECT date_bin(%(step)s, at, TIMESTAMPTZ '2000-01-01 00:00+07') AS t, count(*) AS n
FROM alarm_log
WHERE type = 'raised' AND at >= %(start)s AND at < %(end)s
  AND (%(source)s::text IS NULL OR alarm ->> 'source' = %(source)s::text)
  AND (%(area)s::text IS NULL OR alarm ->> 'area' = %(area)s::text)
  AND (%(kind)s::text IS NULL OR alarm ->> 'rule' = %(kind)s::text)
GROUP BY 1

-- name: percentile_bins
-- The bin of the nearest rank in the waiting times of each step. A late correction can leave a bin
-- at zero; it is no rank.
SELECT t, min(bin) AS bin
FROM (
    SELECT t, bin, sum(n) OVER (PARTITION BY t ORDER BY bin) AS seen,
           sum(n) OVER (PARTITION BY t) AS total
    FROM (
        SELECT date_bin(%(step)s, minute, TIMESTAMPTZ '2000-01-01 00:00+07') AS t, bin, sum(n) AS n
        FROM durations_1m
        WHERE metric = %(metric)s AND minute >= %(start)s AND minute < %(end)s
          AND (%(area)s::text IS NULL OR area = %(area)s::text)
        GROUP BY 1, 2
        HAVING sum(n) > 0
    ) AS binned
) AS ranked
WHERE seen >= greatest(1, ceil(%(share)s::numeric * total))
GROUP BY t
