-- name: visits_by_area
-- What happened to visits in [from, to), each by its own time. Those of these days are looked at.
SELECT area,
       count(*) FILTER (WHERE issued_at >= %(start)s AND issued_at < %(end)s) AS issued,
       count(*) FILTER (WHERE called_at >= %(start)s AND called_at < %(end)s) AS called,
       count(*) FILTER (WHERE outcome = 'served'
                        AND ended_at >= %(start)s AND ended_at < %(end)s) AS served,
       count(*) FILTER (WHERE outcome = 'abandoned'
                        AND ended_at >= %(start)s AND ended_at < %(end)s) AS abandoned,
       count(*) FILTER (WHERE issued_at >= %(start)s AND issued_at < %(end)s
                        AND (called_at IS NULL OR called_at >= %(end)s)
                        AND (ended_at IS NULL OR ended_at >= %(end)s)) AS waiting
FROM visits
WHERE day BETWEEN (%(start)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
              AND (%(end)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
  AND ((issued_at >= %(start)s AND issued_at < %(end)s)
    OR (called_at >= %(start)s AND called_at < %(end)s)
    OR (ended_at >= %(start)s AND ended_at < %(end)s))
  AND (%(office)s::text IS NULL OR office = %(office)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
GROUP BY area

-- name: waiting_since
-- By area, when the first of those took a ticket in [from, to) who were not called before its end.
SELECT area, min(issued_at) AS since
FROM visits
WHERE day BETWEEN (%(start)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
              AND (%(end)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
  AND issued_at >= %(start)s AND issued_at < %(end)s
  AND (called_at IS NULL OR called_at >= %(end)s)
  AND (ended_at IS NULL OR ended_at >= %(end)s)
GROUP BY area

-- name: waits
-- How long people waited whose waiting ended in [from, to). Who left uncalled is counted apart.
-- percentile_disc is the nearest rank.
SELECT avg(wait_ms)::float8 / 1000 AS mean, max(wait_ms)::float8 / 1000 AS max,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY wait_ms)::float8 / 1000 AS p50,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY wait_ms)::float8 / 1000 AS p90
FROM visits
WHERE day BETWEEN (%(start)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
              AND (%(end)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
  AND waited_until >= %(start)s AND waited_until < %(end)s AND wait_ms IS NOT NULL
  AND (called_at IS NOT NULL OR outcome IS DISTINCT FROM 'abandoned')
  AND (%(office)s::text IS NULL OR office = %(office)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)

-- name: waits_by_area
-- The same for every area at once, and for all together (area is null): percentiles do not add up.
SELECT area, avg(wait_ms)::float8 / 1000 AS mean, max(wait_ms)::float8 / 1000 AS max,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY wait_ms)::float8 / 1000 AS p50,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY wait_ms)::float8 / 1000 AS p90
FROM visits
WHERE day BETWEEN (%(start)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
              AND (%(end)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
  AND waited_until >= %(start)s AND waited_until < %(end)s AND wait_ms IS NOT NULL
  AND (called_at IS NOT NULL OR outcome IS DISTINCT FROM 'abandoned')
GROUP BY GROUPING SETS ((), (area))

-- name: by_office
-- Every desk of [from, to): who waits at its end and for how long, and how the waits were. A wait ends
-- by its own time; the waits of those who left uncalled are not among them, as above.
SELECT office, (array_agg(area ORDER BY issued_at DESC NULLS LAST))[1] AS area,
       count(*) FILTER (WHERE issued_at >= %(start)s AND issued_at < %(end)s) AS issued,
       count(*) FILTER (WHERE outcome = 'served'
                        AND ended_at >= %(start)s AND ended_at < %(end)s) AS served,
       count(*) FILTER (WHERE outcome = 'abandoned'
                        AND ended_at >= %(start)s AND ended_at < %(end)s) AS abandoned,
       count(*) FILTER (WHERE waits) AS waiting,
       extract(epoch FROM %(end)s - min(issued_at) FILTER (WHERE waits))::float8 AS longest_s,
       avg(wait_ms) FILTER (WHERE waited)::float8 / 1000 AS mean_s,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY wait_ms)
           FILTER (WHERE waited)::float8 / 1000 AS p50_s,
       percentile_disc(0.9) WITHIN GROUP (ORDER BY wait_ms)
           FILTER (WHERE waited)::float8 / 1000 AS p90_s
FROM (
    SELECT *,
           issued_at >= %(start)s AND issued_at < %(end)s
           AND (called_at IS NULL OR called_at >= %(end)s)
           AND (ended_at IS NULL OR ended_at >= %(end)s) AS waits,
           waited_until >= %(start)s AND waited_until < %(end)s AND wait_ms IS NOT NULL
           AND (called_at IS NOT NULL OR outcome IS DISTINCT FROM 'abandoned') AS waited
    FROM visits
    WHERE day BETWEEN (%(start)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
                  AND (%(end)s::timestamptz AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
      AND (%(area)s::text IS NULL OR area = %(area)s::text)
      AND ((issued_at >= %(start)s AND issued_at < %(end)s)
        OR (called_at >= %(start)s AND called_at < %(end)s)
        OR (ended_at >= %(start)s AND ended_at < %(end)s))
) AS seen
GROUP BY office
ORDER BY longest_s DESC NULLS LAST, p90_s DESC NULLS LAST, office
LIMIT %(limit)s

-- name: worst
-- The worst alarm that is open and annunciated on each office, of rules about tickets or dossiers.
SELECT key AS office, min(priority) AS priority
FROM alarms JOIN rules ON rules.id = alarms.rule
WHERE ended_at IS NULL AND state IN ('unacknowledged', 'acknowledged', 'returned')
  AND source = 'queue' AND rules.body ->> 'type' = %(type)s
GROUP BY key
