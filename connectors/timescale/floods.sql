-- name: state
-- What fold needs to know, in one look: who looks after what, and where a flood is on.
SELECT p.id, p.areas, p.sources, f.id AS flood
FROM positions AS p LEFT JOIN floods AS f ON f.position = p.id AND f.ended_at IS NULL
ORDER BY p.rank, p.id

-- name: rings
-- How often it rang at a position within a time; counting stops where the answer is known. An alarm
-- belongs to the first position that takes it.
SELECT count(*) AS n FROM (
    SELECT FROM alarm_log AS l
    WHERE l.annunciated AND l.at > %(since)s AND %(position)s = (
        SELECT p.id FROM positions AS p
        WHERE (p.areas IS NULL OR l.area = ANY (p.areas))
          AND (p.sources IS NULL OR l.source = ANY (p.sources))
        ORDER BY p.rank, p.id LIMIT 1)
    LIMIT %(limit)s
) AS found

-- name: open
INSERT INTO floods (id, position, began_at, alarms, peak_10m)
VALUES (gen_random_uuid(), %(position)s, %(now)s, %(alarms)s, %(alarms)s)
RETURNING id

-- name: more
UPDATE floods SET alarms = alarms + %(alarms)s WHERE id = %(id)s

-- name: heads
-- Groups (by number in the lists) of which an alarm can be seen: open, annunciated and not folded. The
-- earliest mostly is, and the index begins with it.
SELECT g.n FROM unnest(%(rules)s::text[], %(areas)s::text[]) WITH ORDINALITY AS g (rule, area, n)
WHERE CASE WHEN g.area IS NULL THEN EXISTS (
    SELECT FROM alarms AS a
    WHERE a.rule = g.rule AND a.area IS NULL AND a.ended_at IS NULL AND NOT a.folded
      AND a.state IN ('unacknowledged', 'acknowledged', 'returned')
      AND a.id <> ALL (%(rung)s::uuid[])
) ELSE EXISTS (
    SELECT FROM alarms AS a
    WHERE a.rule = g.rule AND a.area = g.area AND a.ended_at IS NULL AND NOT a.folded
      AND a.state IN ('unacknowledged', 'acknowledged', 'returned')
      AND a.id <> ALL (%(rung)s::uuid[])
) END

-- name: set_folded
-- Rows of our own transaction: it has them locked.
UPDATE alarms SET folded = %(folded)s WHERE id = ANY (%(ids)s) AND folded <> %(folded)s

-- name: lock_log
SELECT pg_advisory_xact_lock(%(lock)s)

-- name: one
SELECT * FROM floods WHERE id = %(id)s

-- name: peaked
UPDATE floods SET peak_10m = greatest(peak_10m, %(rings)s) WHERE id = %(id)s

-- name: end
UPDATE floods SET ended_at = %(now)s WHERE id = %(id)s AND ended_at IS NULL

-- name: peak
-- The most rings within the flood's time, exactly, over every ring of it.
SELECT coalesce(max(n), 0) AS n FROM (
    SELECT count(*) OVER (ORDER BY l.at RANGE BETWEEN %(within)s::interval PRECEDING AND CURRENT ROW) AS n
    FROM alarm_log AS l
    WHERE l.annunciated AND l.at > %(since)s AND l.at <= %(until)s AND %(position)s = (
        SELECT p.id FROM positions AS p
        WHERE (p.areas IS NULL OR l.area = ANY (p.areas))
          AND (p.sources IS NULL OR l.source = ANY (p.sources))
        ORDER BY p.rank, p.id LIMIT 1)
) AS rolling

-- name: unfold
-- After a flood everything is shown again, a page at a time in the order in which everybody locks alarms.
-- Not under the log's lock, which who holds these rows may be waiting for. Also what a change of the
-- positions has left folded.
WITH page AS (
    SELECT id FROM alarms AS a
    WHERE a.ended_at IS NULL AND a.folded AND NOT EXISTS (
        SELECT FROM floods AS f
        WHERE f.ended_at IS NULL AND f.position = (
            SELECT p.id FROM positions AS p
            WHERE (p.areas IS NULL OR a.area = ANY (p.areas))
              AND (p.sources IS NULL OR a.source = ANY (p.sources))
            ORDER BY p.rank, p.id LIMIT 1))
    ORDER BY rule, key LIMIT %(limit)s FOR UPDATE OF a
)
UPDATE alarms SET folded = false FROM page WHERE alarms.id = page.id

-- name: unfold_heads
-- Groups whose last alarm that could be seen is gone show their earliest. Who is busy with one of these
-- is not waited for; the next look comes soon.
WITH open_alarms AS (
    SELECT id, bool_or(NOT folded) OVER of_group AS is_seen,
        row_number() OVER (of_group ORDER BY raised_at, id) AS n
    FROM alarms
    WHERE ended_at IS NULL AND state IN ('unacknowledged', 'acknowledged', 'returned')
    WINDOW of_group AS (PARTITION BY rule, area)
), free AS (
    SELECT id FROM alarms
    WHERE id IN (SELECT id FROM open_alarms WHERE NOT is_seen AND n = 1)
    ORDER BY rule, key FOR UPDATE SKIP LOCKED
)
UPDATE alarms SET folded = false FROM free WHERE alarms.id = free.id

-- name: forget_positions
DELETE FROM positions WHERE id <> ALL (%(ids)s)

-- name: keep_position
INSERT INTO positions (id, name, name_en, rank, areas, sources)
VALUES (%(id)s, %(name)s, %(name_en)s, %(rank)s, %(areas)s, %(sources)s)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_en = excluded.name_en,
    rank = excluded.rank, areas = excluded.areas, sources = excluded.sources

-- name: in_force
-- Floods that are on, and those that ended a moment ago.
SELECT * FROM floods WHERE ended_at IS NULL OR ended_at > %(since)s ORDER BY began_at, id

-- name: open_count
SELECT count(*) AS n FROM floods WHERE ended_at IS NULL

-- name: newest_entry
SELECT coalesce(max(seq), 0) AS seq FROM alarm_log

-- name: rung_since
-- The log is read on from a number; who rings later has a later one.
SELECT priority, count(*) AS n, max(seq) AS seq FROM alarm_log
WHERE seq > %(seq)s AND annunciated GROUP BY priority
