-- name: heard_minutes
-- Minutes in which anything of a source was heard: a look into the index for each, however many events
-- they had. Within ten seconds there is one of them; a new rule looks back over a day once.
SELECT m.minute
FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz, INTERVAL '1 minute') AS m (minute)
WHERE EXISTS (
    SELECT FROM counts_1m AS c JOIN series AS s ON s.id = c.series
    WHERE c.minute = m.minute AND s.source = %(source)s
)
ORDER BY m.minute

-- name: silent_devices
-- Devices that have said nothing for so long, and were not known to. One that is known stays so until
-- it is heard, whatever a pause of the whole source does to the others. With %(all)s the known ones
-- are told too.
SELECT d.device, d.area, d.lat, d.lon, d.last_seen,
       greatest(d.last_seen + %(grain)s, %(listening)s) + %(silent_for)s AS since
FROM devices AS d
LEFT JOIN scan_findings AS f ON f.rule = %(rule)s AND f.key = d.device
WHERE d.source = %(source)s
  AND (%(areas)s::text[] IS NULL OR d.area = ANY(%(areas)s::text[]))
  AND (%(devices)s::text[] IS NULL OR d.device = ANY(%(devices)s::text[]))
  AND CASE WHEN f.key IS NULL
      THEN greatest(d.last_seen + %(grain)s, %(listening)s) + %(silent_for)s <= %(at)s
      ELSE %(all)s AND d.last_seen + %(grain)s + %(silent_for)s <= f.since END
ORDER BY d.device LIMIT %(limit)s

-- name: heard_again
-- Findings of devices that were heard since, or are not looked at any more.
SELECT f.key, f.since, f.severity
FROM scan_findings AS f
WHERE f.rule = %(rule)s AND NOT EXISTS (
    SELECT FROM devices AS d
    WHERE d.source = %(source)s AND d.device = f.key
      AND (%(areas)s::text[] IS NULL OR d.area = ANY(%(areas)s::text[]))
      AND (%(devices)s::text[] IS NULL OR d.device = ANY(%(devices)s::text[]))
      AND d.last_seen + %(grain)s + %(silent_for)s <= f.since
)
ORDER BY f.key LIMIT %(limit)s

-- name: coverage
-- How many devices of each area there are, how many of them are silent, and when each of those became
-- so, the first ones first. Silent for an area that is known to be blind: not heard since it became so.
SELECT area, count(*) AS devices, count(since) AS silent,
       coalesce(array_agg(since ORDER BY since) FILTER (WHERE since IS NOT NULL), '{}') AS since
FROM (
    SELECT d.area, CASE
        WHEN greatest(d.last_seen + %(grain)s, %(listening)s) + %(silent_for)s <= %(at)s
        THEN greatest(d.last_seen + %(grain)s, %(listening)s) + %(silent_for)s
        WHEN d.last_seen + %(grain)s + %(silent_for)s <= f.since
        THEN d.last_seen + %(grain)s + %(silent_for)s END AS since
    FROM devices AS d
    LEFT JOIN scan_findings AS f ON f.rule = %(rule)s AND f.key = d.area
    WHERE d.source = %(source)s
      AND (%(areas)s::text[] IS NULL OR d.area = ANY(%(areas)s::text[]))
      AND (%(devices)s::text[] IS NULL OR d.device = ANY(%(devices)s::text[]))
) AS judged
GROUP BY area HAVING count(*) >= %(least)s

-- name: waiting
-- Tickets of the day that are not called yet. One that was passed over waits no more: its holder has
-- left, and desks seldom say so. Passed over is who was followed by more who have been called than by
-- others who still wait: in the same queue (an office's numbers with the same first character) by two at
-- least, or in the office by five, unless three came after it to its own queue and none was called: that
-- one stands still. Who gave up counts on neither side.
WITH today AS (
    SELECT office, area, left(ticket, 1) AS queue, issued_at, waited_until,
           (called_at IS NOT NULL OR outcome IS NOT DISTINCT FROM 'served')::int AS was_called,
           (waited_until IS NULL)::int AS waits
    FROM visits
    WHERE day = %(day)s AND issued_at IS NOT NULL
      AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s::text[]))
), ranked AS (
    SELECT office, area, issued_at, waited_until,
           coalesce(sum(was_called) OVER in_queue, 0) AS queue_called,
           coalesce(sum(waits) OVER in_queue, 0) AS queue_waits,
           coalesce(sum(was_called) OVER in_office, 0) AS called,
           coalesce(sum(waits) OVER in_office, 0) AS waits
    FROM today
    WHERE office IN (
        SELECT office FROM today
        WHERE waited_until IS NULL AND issued_at >= %(first)s AND issued_at < %(before)s
    )
    WINDOW in_queue AS (PARTITION BY office, queue ORDER BY issued_at DESC
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
           in_office AS (PARTITION BY office ORDER BY issued_at DESC
                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT office, area, NULL AS kind, count(*) AS n,
       (array_agg(issued_at ORDER BY issued_at))[1:%(least)s] AS times
FROM ranked
WHERE waited_until IS NULL AND issued_at >= %(first)s AND issued_at < %(before)s
  AND NOT (queue_called >= 2 AND queue_called > queue_waits)
  AND NOT (called >= 5 AND called > ranked.waits AND NOT (queue_waits >= 3 AND queue_called = 0))
GROUP BY office, area

-- name: late_dossiers
-- Open dossiers whose due date (or beginning) is from %(first)s on and before %(before)s.
SELECT office, area, NULL AS kind, count(*) AS n, (array_agg(at ORDER BY at))[1:%(least)s] AS times
FROM (
    SELECT office, area, CASE WHEN %(by_due)s THEN due_at ELSE received_at END AS at
    FROM dossiers
    WHERE resolved_at IS NULL AND withdrawn_at IS NULL AND received_at IS NOT NULL
      AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s::text[]))
) AS open
WHERE at < %(before)s AND (%(first)s::timestamptz IS NULL OR at >= %(first)s)
GROUP BY office, area

-- name: late_reports
-- Open reports, in the same way.
SELECT NULL AS office, area, category AS kind, count(*) AS n,
       (array_agg(at ORDER BY at))[1:%(least)s] AS times
FROM (
    SELECT area, category, CASE WHEN %(by_due)s THEN due_at ELSE opened_at END AS at
    FROM reports
    WHERE status IN ('open', 'in_progress', 'reopened')
      AND (%(areas)s::text[] IS NULL OR area = ANY(%(areas)s::text[]))
) AS open
WHERE at < %(before)s AND (%(first)s::timestamptz IS NULL OR at >= %(first)s)
GROUP BY area, category

-- name: counts
-- Events of a source in several spans of time [start, end), by area and kind; spans are counted from 1.
SELECT k.span, s.area, s.kind, sum(c.n)::bigint AS n
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS k (start, finish, span)
CROSS JOIN LATERAL (
    SELECT series, sum(n) AS n FROM counts_1m
    WHERE minute >= k.start AND minute < k.finish GROUP BY series
) AS c
JOIN series AS s ON s.id = c.series
WHERE s.source = %(source)s
  AND (%(kinds)s::text[] IS NULL OR s.kind = ANY(%(kinds)s::text[]))
  AND (%(areas)s::text[] IS NULL OR s.area = ANY(%(areas)s::text[]))
  AND (%(severities)s::text[] IS NULL OR s.severity = ANY(%(severities)s::text[]))
GROUP BY k.span, s.area, s.kind

-- name: heard_spans
-- In which of the spans the source was heard at all.
SELECT k.span, EXISTS (
    SELECT FROM counts_1m AS c JOIN series AS s ON s.id = c.series
    WHERE c.minute >= k.start AND c.minute < k.finish AND s.source = %(source)s
) AS heard
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS k (start, finish, span)
ORDER BY k.span

-- name: stored
SELECT key, since, severity FROM scan_findings WHERE rule = %(rule)s

-- name: store
INSERT INTO scan_findings (rule, key, since, severity)
SELECT %(rule)s, key, since, severity
FROM unnest(%(keys)s::text[], %(since)s::timestamptz[], %(severities)s::text[])
    AS k (key, since, severity)
ORDER BY key
ON CONFLICT (rule, key) DO UPDATE SET since = excluded.since, severity = excluded.severity

-- name: forget
DELETE FROM scan_findings WHERE rule = %(rule)s AND key = ANY(%(keys)s::text[])

-- name: forget_rule
-- A rule that is no more; a bounded number at a time.
DELETE FROM scan_findings WHERE rule = %(rule)s AND key IN (
    SELECT key FROM scan_findings WHERE rule = %(rule)s ORDER BY key LIMIT %(limit)s
)

-- name: open_keys
SELECT key FROM alarms WHERE rule = %(rule)s AND key = ANY(%(keys)s::text[]) AND ended_at IS NULL

-- name: ended
SELECT id FROM alarms WHERE id = ANY(%(ids)s::uuid[]) AND ended_at IS NOT NULL
