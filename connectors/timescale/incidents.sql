-- name: lock
-- Whoever adds evidence does it alone: components are found and joined as if there were one worker.
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: known_runs
-- The runs that pieces of evidence could be part of: same alarm, same place, no longer gap.
SELECT e.incident_rule, e.alarm_id, e.rule, e.key, e.source, e.severity, e.area, e.place, e.x_m,
       e.y_m, e.from_at, e.to_at, e.links, e.n, e.cluster
FROM unnest(%(incident_rule)s::text[], %(alarm_id)s::uuid[], %(place)s::text[],
            %(from_at)s::timestamptz[], %(to_at)s::timestamptz[])
    AS k (incident_rule, alarm_id, place, from_at, to_at)
JOIN evidence AS e USING (incident_rule, alarm_id, place)
WHERE e.to_at >= k.from_at AND e.from_at <= k.to_at

-- name: drop_runs
-- Runs that have become the later part of another.
DELETE FROM evidence AS e
USING unnest(%(incident_rule)s::text[], %(alarm_id)s::uuid[], %(place)s::text[],
             %(from_at)s::timestamptz[]) AS k (incident_rule, alarm_id, place, from_at)
WHERE (e.incident_rule, e.alarm_id, e.place, e.from_at)
    = (k.incident_rule, k.alarm_id, k.place, k.from_at)

-- name: save_runs
INSERT INTO evidence (incident_rule, alarm_id, rule, key, source, severity, area, place, x_m, y_m,
    cell_x, cell_y, from_at, to_at, links, n, cluster)
SELECT * FROM unnest(%(incident_rule)s::text[], %(alarm_id)s::uuid[], %(rule)s::text[],
    %(key)s::text[], %(source)s::text[], %(severity)s::text[], %(area)s::text[], %(place)s::text[],
    %(x_m)s::float8[], %(y_m)s::float8[], %(cell_x)s::int[], %(cell_y)s::int[],
    %(from_at)s::timestamptz[], %(to_at)s::timestamptz[], %(links)s::int[], %(n)s::int[],
    %(cluster)s::uuid[])
ON CONFLICT (incident_rule, alarm_id, place, from_at) DO UPDATE SET
    severity = excluded.severity, area = excluded.area, to_at = excluded.to_at, links = excluded.links, n = excluded.n

-- name: neighbours
-- Which components the changed runs touch: what ioc.incident.belong says, found by cell and time.
SELECT DISTINCT c.cluster AS one, e.cluster AS other
FROM unnest(%(incident_rule)s::text[], %(rule)s::text[], %(key)s::text[], %(place)s::text[],
            %(x_m)s::float8[], %(y_m)s::float8[], %(cell_x)s::int[], %(cell_y)s::int[],
            %(from_at)s::timestamptz[], %(to_at)s::timestamptz[], %(links)s::int[],
            %(cluster)s::uuid[], %(gap)s::interval[], %(within_m)s::float8[], %(reach)s::int[],
            %(is_chain)s::bool[])
    AS c (incident_rule, rule, key, place, x_m, y_m, cell_x, cell_y, from_at, to_at, links,
          cluster, gap, within_m, reach, is_chain)
CROSS JOIN LATERAL generate_series(-c.reach, c.reach) AS east (n)
CROSS JOIN LATERAL generate_series(-c.reach, c.reach) AS north (n)
CROSS JOIN LATERAL (
    SELECT DISTINCT near.cluster FROM evidence AS near
    WHERE near.incident_rule = c.incident_rule
      AND near.cell_x = c.cell_x + east.n AND near.cell_y = c.cell_y + north.n
      AND near.to_at >= c.from_at - c.gap AND near.from_at <= c.to_at + c.gap
      AND near.cluster <> c.cluster
      AND CASE
          WHEN c.x_m IS NOT NULL THEN
              (near.x_m - c.x_m) * (near.x_m - c.x_m) + (near.y_m - c.y_m) * (near.y_m - c.y_m)
              <= c.within_m * c.within_m
          ELSE near.place = c.place AND (
              NOT c.is_chain OR (near.rule, near.key) = (c.rule, c.key)
              OR (near.links & ((c.links << 1) | (c.links >> 1))) <> 0)
          END
) AS e

-- name: splits
SELECT one, other FROM incident_splits WHERE one = ANY (%(ids)s::uuid[]) AND other = ANY (%(ids)s::uuid[])

-- name: began
-- Which of these components are incidents, and since when.
SELECT id, began_at FROM incidents WHERE id = ANY (%(ids)s::uuid[])

-- name: move_evidence
UPDATE evidence SET cluster = m.survivor
FROM unnest(%(gone)s::uuid[], %(survivor)s::uuid[]) AS m (gone, survivor)
WHERE cluster = m.gone

-- name: move_alarms
UPDATE incident_alarms SET incident_id = m.survivor
FROM unnest(%(gone)s::uuid[], %(survivor)s::uuid[]) AS m (gone, survivor)
WHERE incident_id = m.gone

-- name: move_splits
-- What was told apart from one that ends is apart from what it goes into.
INSERT INTO incident_splits (one, other, at, by)
SELECT least(f.id, t.id), greatest(f.id, t.id), s.at, s.by
FROM incident_splits AS s
CROSS JOIN LATERAL (SELECT coalesce((SELECT m.survivor
    FROM unnest(%(gone)s::uuid[], %(survivor)s::uuid[]) AS m (gone, survivor)
    WHERE m.gone = s.one), s.one) AS id) AS f
CROSS JOIN LATERAL (SELECT coalesce((SELECT m.survivor
    FROM unnest(%(gone)s::uuid[], %(survivor)s::uuid[]) AS m (gone, survivor)
    WHERE m.gone = s.other), s.other) AS id) AS t
WHERE (s.one = ANY (%(gone)s::uuid[]) OR s.other = ANY (%(gone)s::uuid[])) AND f.id <> t.id
ON CONFLICT DO NOTHING

-- name: end_merged
UPDATE incidents SET state = 'merged', merged_into = m.survivor, changed_at = %(now)s,
    version = version + 1
FROM unnest(%(gone)s::uuid[], %(survivor)s::uuid[]) AS m (gone, survivor)
WHERE id = m.gone OR merged_into = m.gone
RETURNING id, merged_into

-- name: extents
-- What components add up to (ioc.incident.extent_of), with the alarms that a person put there.
SELECT p.cluster, min(p.incident_rule) AS incident_rule, min(p.from_at) AS began_at,
       max(p.to_at) AS last_at, count(DISTINCT (p.rule, p.key)) AS alarms,
       array_agg(DISTINCT p.source ORDER BY p.source) AS sources,
       min(array_position(ARRAY['critical', 'high', 'medium', 'low'], p.severity)) AS priority,
       (array_agg(p.area ORDER BY p.from_at, p.rule COLLATE "C", p.key COLLATE "C",
                  p.place COLLATE "C", coalesce(p.area, '') COLLATE "C"))[1] AS area,
       min(p.x_m) AS west, min(p.y_m) AS south, max(p.x_m) AS east, max(p.y_m) AS north
FROM (
    SELECT cluster, incident_rule, rule, key, source, severity, area, place, x_m, y_m, from_at, to_at
    FROM evidence WHERE cluster = ANY (%(ids)s::uuid[])
    UNION ALL
    SELECT i.incident_id, NULL, a.rule, a.key, a.source, a.severity, a.area, '',
           (a.lon - %(lon)s) * %(east_m)s, (a.lat - %(lat)s) * %(north_m)s, a.raised_at,
           coalesce(a.repeated_at, a.raised_at)
    FROM incident_alarms AS i JOIN alarms AS a ON a.id = i.alarm_id
    WHERE i.incident_id = ANY (%(ids)s::uuid[]) AND i.by IS NOT NULL
) AS p
GROUP BY p.cluster

-- name: known
SELECT id, rule, title, title_en, severity, state, began_at FROM incidents
WHERE id = ANY (%(ids)s::uuid[])

-- name: open
INSERT INTO incidents (id, rule, title, title_en, severity, state, area, lat, lon, radius_m, sources,
    alarms, began_at, last_at, opened_at, changed_at, version)
VALUES (%(id)s, %(rule)s, %(title)s, %(title_en)s, %(severity)s, 'open', %(area)s, %(lat)s, %(lon)s,
    %(radius_m)s, %(sources)s, %(alarms)s, %(began_at)s, %(last_at)s, %(now)s, %(now)s, 1)

-- name: update
UPDATE incidents SET title = %(title)s, title_en = %(title_en)s, severity = %(severity)s,
    area = %(area)s, lat = %(lat)s, lon = %(lon)s, radius_m = %(radius_m)s, sources = %(sources)s,
    alarms = %(alarms)s, began_at = %(began_at)s, last_at = %(last_at)s, changed_at = %(now)s,
    version = version + 1
WHERE id = %(id)s

-- name: join
-- An alarm stands in one incident: the worst of those that it is evidence of, then the one that began
-- last; or in the one in which a person has put it.
INSERT INTO incident_alarms (alarm_id, incident_id, at)
SELECT best.alarm_id, best.incident_id, %(now)s
FROM (
    SELECT DISTINCT ON (e.alarm_id) e.alarm_id, i.id AS incident_id
    FROM (SELECT alarm_id FROM evidence WHERE cluster = ANY (%(ids)s::uuid[])
          UNION SELECT unnest(%(own)s::uuid[])) AS of
    JOIN evidence AS e USING (alarm_id)
    JOIN incidents AS i ON i.id = e.cluster
    ORDER BY e.alarm_id, array_position(ARRAY['critical', 'high', 'medium', 'low'], i.severity),
             i.began_at DESC, i.rule DESC NULLS LAST, i.id DESC
) AS best
LEFT JOIN incident_alarms AS now USING (alarm_id)
WHERE now.alarm_id IS NULL OR (now.by IS NULL AND now.incident_id <> best.incident_id)
ON CONFLICT (alarm_id) DO UPDATE SET incident_id = excluded.incident_id, at = excluded.at
RETURNING alarm_id, incident_id

-- name: reopen
-- An incident that was closed and hears of another alarm is open again.
UPDATE incidents SET state = 'open', closed_at = NULL, closing_code = NULL
WHERE id = ANY (%(ids)s::uuid[]) AND state = 'closed'
RETURNING id

-- name: of_alarms
-- In which incidents these alarms stand.
SELECT alarm_id, incident_id FROM incident_alarms WHERE alarm_id = ANY (%(alarms)s::uuid[])

-- name: behind
-- How many stored alarms do not say yet where they stand.
SELECT i.incident_id, count(*) AS n
FROM incident_alarms AS i JOIN alarms AS a ON a.id = i.alarm_id
WHERE i.incident_id = ANY (%(ids)s::uuid[]) AND a.incident_id IS DISTINCT FROM i.incident_id
  AND NOT a.id = ANY (%(own)s::uuid[])
GROUP BY i.incident_id

-- name: follow
-- These alarms, as far as nobody holds them: to wait here, with the lock above, could be for ever.
SELECT a.*, i.incident_id AS stands_in
FROM incident_alarms AS i JOIN alarms AS a ON a.id = i.alarm_id
WHERE i.incident_id = ANY (%(ids)s::uuid[]) AND a.incident_id IS DISTINCT FROM i.incident_id
  AND NOT a.id = ANY (%(own)s::uuid[])
ORDER BY a.rule, a.key, a.raised_at, a.id
LIMIT %(limit)s
FOR UPDATE OF a SKIP LOCKED

-- name: log
INSERT INTO incident_log (incident_id, at, type, by, comment, body)
SELECT * FROM unnest(%(incident_id)s::uuid[], %(at)s::timestamptz[], %(type)s::text[],
    %(by)s::text[], %(comment)s::text[], %(body)s::jsonb[])

-- name: expire
-- Evidence that has become no incident, and that no late event can reach any more.
DELETE FROM evidence WHERE ctid IN (
    SELECT e.ctid FROM evidence AS e
    WHERE e.to_at < %(before)s AND NOT EXISTS (SELECT FROM incidents AS i WHERE i.id = e.cluster)
    LIMIT %(limit)s)

-- name: count_open
SELECT count(*) AS n FROM incidents WHERE state = 'open'
