-- name: create_key
-- A name is said in logs and in the alarm log, so it stays unique for ever, also when revoked.
INSERT INTO keys (id, name, role, area, hash, created_at)
VALUES (%(id)s, %(name)s, %(role)s, %(area)s, %(hash)s, %(now)s)
ON CONFLICT (name) DO NOTHING
RETURNING id

-- name: key_by_hash
SELECT id, name, role, area, NULL::timestamptz AS expires_at
FROM keys WHERE hash = %(hash)s AND revoked_at IS NULL

-- name: session_by_hash
-- A session lives at most as long as its key: a revoked key ends all that were opened with it.
SELECT keys.id, keys.name, sessions.role, sessions.area, sessions.expires_at
FROM sessions JOIN keys ON keys.id = sessions.key_id
WHERE sessions.hash = %(hash)s AND sessions.expires_at > %(now)s AND keys.revoked_at IS NULL
  AND NOT sessions.is_link

-- name: take_link
-- A link opens one session: it is gone once it was used, so one found in a history opens nothing.
DELETE FROM sessions USING keys
WHERE sessions.hash = %(hash)s AND sessions.is_link AND sessions.expires_at > %(now)s
  AND keys.id = sessions.key_id AND keys.revoked_at IS NULL
RETURNING keys.id, keys.name, sessions.role, sessions.area, sessions.expires_at

-- name: open_session
INSERT INTO sessions (hash, key_id, role, area, is_link, created_at, expires_at)
VALUES (%(hash)s, %(key_id)s, %(role)s, %(area)s, %(is_link)s, %(now)s, %(expires_at)s)

-- name: trim_sessions
-- Run with every login, so the table never outgrows the people: what has expired, and the oldest
-- of a key that has opened too many.
DELETE FROM sessions WHERE expires_at <= %(now)s OR hash IN (
    SELECT hash FROM sessions WHERE key_id = %(key_id)s
    ORDER BY created_at DESC OFFSET %(most)s
)

-- name: close_session
DELETE FROM sessions WHERE hash = %(hash)s

-- name: has_key
SELECT EXISTS (SELECT FROM keys WHERE revoked_at IS NULL) AS yes

-- name: list_keys
SELECT id, name, role, area, created_at, revoked_at FROM keys ORDER BY name LIMIT %(limit)s

-- name: revoke_key
UPDATE keys SET revoked_at = %(now)s WHERE name = %(name)s AND revoked_at IS NULL RETURNING id
