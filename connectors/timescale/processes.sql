-- name: beat
INSERT INTO processes (name, kind, started_at, seen_at)
VALUES (%(name)s, %(kind)s, %(started_at)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, started_at = excluded.started_at

-- name: sweep
-- Names hold a process id, so every restart leaves a row behind.
DELETE FROM processes WHERE seen_at < %(before)s

-- name: leave
DELETE FROM processes WHERE name = %(name)s

-- name: living
SELECT kind, count(*) AS n FROM processes WHERE seen_at >= %(since)s GROUP BY kind

-- name: held
-- Which partitions of a log a worker has spoken for since then.
SELECT topic, partition FROM offsets WHERE log = %(log)s AND held_at >= %(since)s
