-- name: log_looks
INSERT INTO looks (at, by, what)
SELECT %(now)s, %(by)s, what FROM unnest(%(whats)s::text[]) AS what
