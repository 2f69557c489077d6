-- name: points
-- Every device as a map draws it; `sources` and `cutoffs` say before when each kind counts as silent.
SELECT d.source, d.device, d.area, d.lat, d.lon,
       d.last_seen < coalesce(c.cutoff, %(cutoff)s) AS silent
FROM devices AS d
LEFT JOIN unnest(%(sources)s::text[], %(cutoffs)s::timestamptz[]) AS c (source, cutoff)
    USING (source)
LIMIT %(most)s
