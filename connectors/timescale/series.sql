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
  AND (%(source)s::text IS NULL OR source = %(source)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(kind)s::text IS NULL OR rule = %(kind)s::text)
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

-- name: minutes_heard
-- The minutes in which a source said anything, each with the one after it; `end` closes the last.
SELECT gap_from, gap_to FROM (
    SELECT at + %(grain)s AS gap_from, lead(at, 1, %(end)s) OVER (ORDER BY at) AS gap_to
    FROM (
        SELECT %(start)s::timestamptz - %(longer)s::interval - %(grain)s::interval AS at
        UNION
        SELECT minute FROM rollup_1m
        WHERE minute >= %(start)s::timestamptz - %(longer)s::interval AND minute < %(end)s
          AND (%(source)s::text IS NULL OR source = %(source)s::text)
    ) AS heard
) AS stretches
WHERE gap_to - gap_from > %(longer)s AND gap_to > %(start)s
ORDER BY gap_from

-- name: hours_heard
-- The same by the hour, for ranges of which the minutes are too many.
SELECT gap_from, gap_to FROM (
    SELECT at + %(grain)s AS gap_from, lead(at, 1, %(end)s) OVER (ORDER BY at) AS gap_to
    FROM (
        SELECT %(start)s::timestamptz - %(longer)s::interval - %(grain)s::interval AS at
        UNION
        SELECT hour FROM rollup_1h
        WHERE hour >= date_trunc('hour', %(start)s::timestamptz - %(longer)s::interval)
          AND hour < %(end)s
          AND (%(source)s::text IS NULL OR source = %(source)s::text)
    ) AS heard
) AS stretches
WHERE gap_to - gap_from > %(longer)s AND gap_to > %(start)s
ORDER BY gap_from

-- name: spoke
-- Whether a source said anything at all in a range.
SELECT EXISTS (
    SELECT FROM rollup_1m WHERE minute >= %(start)s AND minute < %(end)s
      AND (%(source)s::text IS NULL OR source = %(source)s::text)
) AS spoke

-- name: events_by
-- What was counted most, by kind or area; `week` is the same range a week before.
SELECT CASE %(by)s WHEN 'area' THEN area ELSE kind END AS key,
       coalesce(sum(n) FILTER (WHERE minute >= %(start)s), 0)::bigint AS n,
       coalesce(sum(n) FILTER (WHERE minute < %(week_end)s), 0)::bigint AS week_ago
FROM rollup_1m
WHERE ((minute >= %(start)s AND minute < %(end)s)
    OR (minute >= %(week_start)s AND minute < %(week_end)s))
  AND (%(source)s::text IS NULL OR source = %(source)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
GROUP BY 1

-- name: alarms_by
SELECT coalesce(CASE %(by)s WHEN 'area' THEN area ELSE rule END, '19') AS key,
       count(*) FILTER (WHERE at >= %(start)s) AS n,
       count(*) FILTER (WHERE at < %(week_end)s) AS week_ago
FROM alarm_log
WHERE type = 'raised'
  AND ((at >= %(start)s AND at < %(end)s) OR (at >= %(week_start)s AND at < %(week_end)s))
  AND (%(source)s::text IS NULL OR source = %(source)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
GROUP BY 1
