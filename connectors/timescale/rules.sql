-- name: list_rules
SELECT id, body, loaded_at FROM rules ORDER BY id LIMIT %(limit)s

-- name: forget_rules
DELETE FROM rules WHERE NOT (id = ANY (%(ids)s))

-- name: save_rule
INSERT INTO rules (id, body, loaded_at) VALUES (%(id)s, %(body)s, %(now)s)
ON CONFLICT (id) DO UPDATE SET body = excluded.body, loaded_at = excluded.loaded_at
WHERE rules.body <> excluded.body
