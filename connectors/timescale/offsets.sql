-- name: claim
-- A partition seen for the first time starts at its beginning; a known one keeps its place.
INSERT INTO offsets (log, topic, partition, next)
VALUES (%(log)s, %(topic)s, %(partition)s, %(earliest)s)
ON CONFLICT DO NOTHING

-- name: positions
SELECT topic, partition, next FROM offsets WHERE log = %(log)s

-- name: advance
-- The fence: no row means that somebody else was faster (architecture.md, rule 2).
-- The latest records count whole, older ones fade out of the window of %(window)s.
-- With the answer comes the revision of the rules: one look at the end of an index.
UPDATE offsets SET next = %(to)s, held_at = %(now)s,
    recent_records = least(%(window)s,
        recent_records * greatest(0, 1 - %(records)s::real / %(window)s) + %(records)s),
    recent_dead = recent_dead * greatest(0, 1 - %(records)s::real / %(window)s)
        + %(dead)s * least(1, %(window)s::real / greatest(%(records)s, 1))
WHERE log = %(log)s AND topic = %(topic)s AND partition = %(partition)s AND next = %(from)s
RETURNING (SELECT coalesce(max(revision), 0) FROM rule_versions) AS revision

-- name: hold
-- Each second: this worker lives, and the stream has been read up to here. Only at the position that
-- it claims, so a worker that has lost a partition cannot speak for it. A row that a batch has
-- locked is left out: its commit says the same.
UPDATE offsets SET held_at = %(now)s, held_by = %(by)s,
    progress_at = greatest(progress_at, %(progress_at)s)
FROM (
    SELECT log, topic, partition FROM offsets
    WHERE log = %(log)s AND topic = %(topic)s AND partition = %(partition)s AND next = %(next)s
    FOR UPDATE SKIP LOCKED
) AS mine
WHERE (offsets.log, offsets.topic, offsets.partition) = (mine.log, mine.topic, mine.partition)

-- name: recent
-- How the latest records of each topic of today's log were.
WITH present AS (
    SELECT DISTINCT ON (topic) topic, log FROM offsets
    WHERE held_at IS NOT NULL ORDER BY topic, held_at DESC
)
SELECT topic, sum(recent_records)::int AS records, sum(recent_dead)::int AS dead
FROM offsets JOIN present USING (topic, log) GROUP BY topic

-- name: held
SELECT topic, partition FROM offsets WHERE held_at > %(since)s

-- name: skip
-- Only by a person's word: events between are lost.
UPDATE offsets SET next = %(to)s
WHERE log = %(log)s AND topic = %(topic)s AND partition = %(partition)s AND next = %(from)s
