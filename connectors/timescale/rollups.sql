-- name: add_series
-- Only when a combination comes for the first time; who else adds it at this moment waits for us.
INSERT INTO series (source, area, kind, severity)
SELECT source, area, kind, severity
FROM unnest(%(source)s::text[], %(area)s::text[], %(kind)s::text[], %(severity)s::text[])
    AS k (source, area, kind, severity)
ORDER BY 1, 2, 3, 4
ON CONFLICT DO NOTHING

-- name: find_series
SELECT s.id, source, area, kind, severity
FROM series AS s
JOIN unnest(%(source)s::text[], %(area)s::text[], %(kind)s::text[], %(severity)s::text[])
    AS k (source, area, kind, severity) USING (source, area, kind, severity)

-- name: count
INSERT INTO counts_1m (minute, series, partition, n)
SELECT to_timestamp(minute * 60.0), series, %(partition)s, n
FROM unnest(%(minute)s::bigint[], %(series)s::int[], %(n)s::bigint[]) AS k (minute, series, n)
ORDER BY 1, 2
ON CONFLICT (minute, series, partition) DO UPDATE SET n = counts_1m.n + excluded.n
