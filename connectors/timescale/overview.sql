-- name: recent_counts
-- The newest minutes by source and area. The oldest minute of a window counts by the share of it that
-- is still inside, rounded up, so that a steady stream shows a steady number. There is no upper end:
-- a device whose clock is ahead must not vanish from the screen.
SELECT source, area,
       (coalesce(sum(n) FILTER (WHERE minute > %(minute_1m)s), 0)
        + ceil(%(inside)s::numeric
               * coalesce(sum(n) FILTER (WHERE minute = %(minute_1m)s), 0)))::bigint AS n_1m,
       (coalesce(sum(n) FILTER (WHERE minute > %(minute_5m)s), 0)
        + ceil(%(inside)s::numeric
               * coalesce(sum(n) FILTER (WHERE minute = %(minute_5m)s), 0)))::bigint AS n_5m,
       coalesce(sum(n) FILTER (WHERE minute >= %(edge)s), 0)::bigint AS n_since_edge,
       max(minute) AS last_minute
FROM rollup_1m
WHERE minute >= least(%(edge)s::timestamptz, %(minute_5m)s::timestamptz)
GROUP BY source, area

-- name: long_counts
-- The same for the minutes before the edge; read far less often than the newest ones.
SELECT source, area,
       (coalesce(sum(n) FILTER (WHERE minute > %(minute_1h)s), 0)
        + ceil(%(inside)s::numeric
               * coalesce(sum(n) FILTER (WHERE minute = %(minute_1h)s), 0)))::bigint AS n_1h,
       (coalesce(sum(n) FILTER (WHERE minute > %(minute_24h)s), 0)
        + ceil(%(inside)s::numeric
               * coalesce(sum(n) FILTER (WHERE minute = %(minute_24h)s), 0)))::bigint AS n_24h,
       max(minute) AS last_minute
FROM rollup_1m
WHERE minute >= %(minute_24h)s AND minute < %(edge)s
GROUP BY source, area

-- name: last_events
-- The second of each source's last event, looked up in the minute that has it: read backwards, the
-- primary key stops at the first hit.
SELECT m.source, e.time
FROM unnest(%(sources)s::text[], %(minutes)s::timestamptz[]) AS m (source, minute),
LATERAL (
    SELECT time FROM events
    WHERE time >= m.minute AND time < m.minute + INTERVAL '1 minute' AND source = m.source
    ORDER BY time DESC LIMIT 1
) AS e

-- name: last_words
-- When people and desks last spoke, for sources without devices that were quiet for over a day.
SELECT 'citizen' AS source, (SELECT max(opened_at) FROM reports) AS at
UNION ALL
SELECT 'queue', greatest((SELECT max(greatest(issued_at, called_at, ended_at)) FROM visits
                          WHERE day = (SELECT max(day) FROM visits)),
                         (SELECT max(received_at) FROM dossiers),
                         (SELECT max(resolved_at) FROM dossiers))

-- name: devices
-- Known and silent devices; `sources` and `cutoffs` say before when each kind counts as silent.
SELECT d.source, d.area, count(*) AS known,
       count(*) FILTER (WHERE d.last_seen < coalesce(c.cutoff, %(cutoff)s)) AS silent,
       max(d.last_seen) AS last_seen
FROM devices AS d
LEFT JOIN unnest(%(sources)s::text[], %(cutoffs)s::timestamptz[]) AS c (source, cutoff)
    USING (source)
GROUP BY d.source, d.area

-- name: open_alarms
-- An alarm without a place is the province's.
SELECT coalesce(area, '19') AS area, source, severity, state, count(*) AS n
FROM alarms WHERE ended_at IS NULL
GROUP BY 1, source, severity, state

-- name: hidden_alarms
-- What is not to be seen, by the first reason of each: a shelf, what hides it by rule, or a flood.
SELECT coalesce(area, '19') AS area,
       CASE WHEN state = 'shelved' THEN 'shelved'
            WHEN state = 'out_of_service' THEN 'out_of_service'
            WHEN state = 'suppressed' THEN coalesce(hidden_by -> 0 ->> 'kind', 'silence')
            ELSE 'folded' END AS reason,
       count(*) AS n
FROM alarms
WHERE ended_at IS NULL AND (folded OR state IN ('shelved', 'suppressed', 'out_of_service'))
GROUP BY 1, 2

-- name: positions
SELECT id, name, name_en, areas, sources FROM positions ORDER BY rank, id

-- name: groups
-- What can be grouped in a flood: open, annunciated alarms by rule and area.
SELECT rule, source, area, count(*) AS n, count(*) FILTER (WHERE folded) AS folded,
       min(priority) AS priority, min(raised_at) AS oldest_at,
       (array_agg(id ORDER BY raised_at, id))[1] AS first_out
FROM alarms
WHERE ended_at IS NULL AND state IN ('unacknowledged', 'acknowledged', 'returned')
GROUP BY rule, source, area
ORDER BY min(priority), count(*) DESC, rule, area

-- name: reports
-- The statuses are those of the index on open reports.
SELECT area,
       count(*) FILTER (WHERE opened_at >= %(day)s) AS new_today,
       count(*) FILTER (WHERE status IN ('open', 'in_progress', 'reopened')) AS open,
       count(*) FILTER (WHERE due_at < %(now)s
                        AND status IN ('open', 'in_progress', 'reopened')) AS overdue,
       count(*) FILTER (WHERE emergency
                        AND status IN ('open', 'in_progress', 'reopened')) AS sos_open
FROM reports
WHERE opened_at >= %(day)s OR status IN ('open', 'in_progress', 'reopened')
GROUP BY area

-- name: dead_letters
SELECT source, count(*) AS n FROM dead_letters WHERE at >= %(since)s GROUP BY source

-- name: processing
-- A partition is an orphan when its log is being read by living workers, but not by one of them.
SELECT count(DISTINCT held_by) FILTER (WHERE held_at >= %(alive)s) AS workers,
       min(progress_at) FILTER (WHERE held_at >= %(alive)s) AS progress_at,
       count(*) FILTER (WHERE (held_at IS NULL OR held_at < %(alive)s) AND log IN (
           SELECT log FROM offsets WHERE held_at >= %(alive)s)) AS orphans,
       (SELECT count(*) FROM processes
        WHERE kind = 'notifier' AND seen_at >= %(alive)s) AS notifiers
FROM offsets
