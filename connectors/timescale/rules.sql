-- name: list_rules
SELECT id, version, body, loaded_at FROM rules ORDER BY id LIMIT %(limit)s
