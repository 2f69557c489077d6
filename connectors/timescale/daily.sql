-- name: first_minute
-- The oldest minute of which there is an event.
SELECT min(minute) AS at FROM counts_1m

-- name: alarms
-- What happened to alarms in [from, to) and how they stood just before `to`, by priority, and all of
-- them (priority is null). Told by the log: the table of alarms holds what is true today. An alarm's
-- event may be ahead of the log by as much as a clock may be, so a little more than the day is looked at.
WITH concerned AS (
    SELECT id AS alarm_id FROM alarms
    WHERE raised_at < %(to)s + interval '10 minutes' AND (ended_at IS NULL OR ended_at >= %(from)s)
        AND (%(area)s::text IS NULL OR area = %(area)s::text)
), lives AS MATERIALIZED (
    SELECT l.alarm_id, l.seq, l.at, l.type, l.to_state, l.priority,
        max(l.at) FILTER (WHERE l.annunciated) OVER (PARTITION BY l.alarm_id ORDER BY l.seq) AS rung_at,
        min(l.at) OVER (PARTITION BY l.alarm_id) AS first_at
    FROM alarm_log AS l JOIN concerned USING (alarm_id)
    WHERE l.at < %(to)s
), raised AS (
    SELECT priority, count(*) AS raised FROM lives WHERE type = 'raised' AND at >= %(from)s
    GROUP BY GROUPING SETS ((), (priority))
), answers AS (
    SELECT priority, count(*) AS acknowledged,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - rung_at)) AS p50_s,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM at - rung_at)) AS p90_s
    FROM lives WHERE type = 'acknowledged' AND at >= %(from)s AND rung_at IS NOT NULL
    GROUP BY GROUPING SETS ((), (priority))
), last AS (
    SELECT DISTINCT ON (alarm_id) priority, to_state, first_at FROM lives ORDER BY alarm_id, seq DESC
), stood AS (
    SELECT priority,
        count(*) FILTER (WHERE to_state IN ('unacknowledged', 'acknowledged', 'returned')) AS open_at_end,
        count(*) FILTER (WHERE to_state IN ('unacknowledged', 'acknowledged', 'returned')
            AND first_at < %(to)s - interval '24 hours') AS over_24h,
        count(*) FILTER (WHERE to_state = 'shelved') AS shelved
    FROM last GROUP BY GROUPING SETS ((), (priority))
)
SELECT p.priority, coalesce(r.raised, 0) AS raised, coalesce(a.acknowledged, 0) AS acknowledged,
    a.p50_s AS ack_p50_s, a.p90_s AS ack_p90_s, coalesce(s.open_at_end, 0) AS open_at_end,
    coalesce(s.over_24h, 0) AS over_24h, coalesce(s.shelved, 0) AS shelved
FROM (VALUES (1), (2), (3), (4), (NULL)) AS p (priority)
LEFT JOIN raised AS r ON r.priority IS NOT DISTINCT FROM p.priority
LEFT JOIN answers AS a ON a.priority IS NOT DISTINCT FROM p.priority
LEFT JOIN stood AS s ON s.priority IS NOT DISTINCT FROM p.priority

-- name: raised
-- Alarms raised in [from, to) by area and hour of the day, with the worst of each.
SELECT coalesce(area, '19') AS area,
    extract(hour FROM at AT TIME ZONE %(zone)s)::int AS hour, count(*) AS n, min(priority) AS worst
FROM alarm_log
WHERE type = 'raised' AND at >= %(from)s AND at < %(to)s
    AND (%(area)s::text IS NULL OR area = %(area)s::text)
GROUP BY 1, 2

-- name: floods
-- Of the positions that look after the area.
SELECT f.began_at, f.ended_at, f.alarms, f.peak_10m
FROM floods AS f LEFT JOIN positions AS p ON p.id = f.position
WHERE f.began_at < %(to)s AND (f.ended_at IS NULL OR f.ended_at > %(from)s)
    AND (%(area)s::text IS NULL OR p.areas IS NULL OR %(area)s::text = ANY (p.areas))
ORDER BY f.began_at
LIMIT %(limit)s

-- name: incidents
-- Those that were open at some time of the day, the worst first; what went into another is in that one.
SELECT number, title, title_en, severity, area, began_at, sources, alarms, lead,
    CASE WHEN closed_at < %(to)s THEN closed_at END AS closed_at,
    CASE WHEN closed_at < %(to)s THEN closing_code END AS closing_code,
    count(*) OVER () AS total
FROM incidents
WHERE opened_at < %(to)s AND (closed_at IS NULL OR closed_at >= %(from)s) AND state <> 'merged'
    AND (%(area)s::text IS NULL OR area = %(area)s::text)
ORDER BY array_position(ARRAY['critical', 'high', 'medium', 'low'], severity), began_at, number
LIMIT %(limit)s

-- name: sos
-- Emergencies opened in the day, and older ones that were still open at its end.
SELECT report, area, opened_at, CASE WHEN was_open THEN NULL ELSE status_at END AS resolved_at
FROM (
    SELECT *, status_at >= %(to)s OR status IN ('open', 'in_progress', 'reopened') AS was_open
    FROM reports
    WHERE emergency AND opened_at < %(to)s AND (%(area)s::text IS NULL OR area = %(area)s::text)
) AS then_
WHERE opened_at >= %(from)s OR was_open
ORDER BY opened_at, report
LIMIT %(limit)s

-- name: heard
-- The minutes of the day in which a source was heard, and how often.
SELECT source, array_agg(minute ORDER BY minute) AS minutes, sum(n)::bigint AS n
FROM (
    SELECT source, minute, sum(n) AS n FROM rollup_1m
    WHERE minute >= %(from)s AND minute < %(to)s
        AND (%(area)s::text IS NULL OR area = %(area)s::text)
    GROUP BY source, minute HAVING sum(n) > 0
) AS each
GROUP BY source

-- name: around
-- When a source was last heard before the day and first after it, looked for as far as it may be quiet.
SELECT s.source,
    (SELECT minute FROM rollup_1m AS r
     WHERE r.source = s.source AND minute < %(from)s AND minute >= %(from)s - s.longest
         AND (%(area)s::text IS NULL OR area = %(area)s::text)
     ORDER BY minute DESC LIMIT 1) AS before,
    (SELECT minute FROM rollup_1m AS r
     WHERE r.source = s.source AND minute >= %(to)s AND minute < %(to)s + s.longest
         AND (%(area)s::text IS NULL OR area = %(area)s::text)
     ORDER BY minute LIMIT 1) AS after
FROM unnest(%(sources)s::text[], %(longest)s::interval[]) AS s (source, longest)

-- name: blind
-- Areas with devices, of which none was heard for a long stretch of the day; the longest one of each.
WITH known AS (
    SELECT DISTINCT area FROM devices
    WHERE first_seen < %(from)s AND source IN ('camera', 'fire') AND area <> '19'
        AND (%(area)s::text IS NULL OR area = %(area)s::text)
), heard AS (
    SELECT area, minute AS at FROM rollup_1m
    WHERE minute >= %(from)s AND minute < %(to)s AND source IN ('camera', 'fire')
    UNION
    SELECT area, edge FROM known, unnest(ARRAY[%(from)s - interval '1 minute', %(to)s]) AS edge
), stretches AS (
    SELECT area, lead(at) OVER (PARTITION BY area ORDER BY at) - at - interval '1 minute' AS silent
    FROM heard JOIN known USING (area)
)
SELECT area, max(silent) AS silent FROM stretches
GROUP BY area HAVING max(silent) > %(longest)s
ORDER BY max(silent) DESC, area

-- name: dead_letters
SELECT source, count(*) AS n FROM dead_letters WHERE at >= %(from)s AND at < %(to)s GROUP BY source

-- name: late_events
-- Of the day, and come after it.
SELECT count(*) AS n FROM events
WHERE time >= %(from)s AND time < %(to)s AND received_at >= %(to)s
    AND (%(area)s::text IS NULL OR area = %(area)s::text)

-- name: titles
-- How the alarms that rang in the day are called, by the last ring of each rule and key: the log has an
-- index for that, and alarms that are over have none for their rule.
SELECT DISTINCT ON (l.rule, l.key) l.rule, l.key,
    l.alarm ->> 'title' AS title, l.alarm ->> 'title_en' AS title_en
FROM alarm_log AS l
JOIN unnest(%(rules)s::text[], %(keys)s::text[]) AS k (rule, key) ON (l.rule, l.key) = (k.rule, k.key)
WHERE l.annunciated AND l.at >= %(from)s AND l.at < %(to)s
ORDER BY l.rule, l.key, l.seq DESC

-- name: sources
-- Every source that was ever heard.
SELECT DISTINCT source FROM series
WHERE %(area)s::text IS NULL OR area = %(area)s::text ORDER BY source
