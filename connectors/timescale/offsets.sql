-- name: claim
-- A partition seen for the first time starts at its beginning; a known one keeps its place.
INSERT INTO offsets (log, topic, partition, next)
VALUES (%(log)s, %(topic)s, %(partition)s, %(earliest)s)
ON CONFLICT DO NOTHING

-- name: positions
SELECT topic, partition, next FROM offsets WHERE log = %(log)s

-- name: advance
-- The fence: no row means that somebody else was faster (DESIGN rule 2).
UPDATE offsets SET next = %(to)s, held_at = %(now)s
WHERE log = %(log)s AND topic = %(topic)s AND partition = %(partition)s AND next = %(from)s

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

-- name: held
SELECT topic, partition FROM offsets WHERE held_at > %(since)s

-- name: skip
-- Only by a person's word: events between are lost.
UPDATE offsets SET next = %(to)s
WHERE log = %(log)s AND topic = %(topic)s AND partition = %(partition)s AND next = %(from)s
