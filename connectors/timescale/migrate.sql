-- name: create_migrations
-- What has been applied to this database.
CREATE TABLE IF NOT EXISTS migrations (
    name       text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: lock_migrations
-- Several processes may start at once; one migrates, the others wait and find it done.
SELECT pg_advisory_lock(7105000)

-- name: unlock_migrations
SELECT pg_advisory_unlock(7105000)

-- name: timescale_available
-- The extension has to be installed in the server; only then can a database have it.
SELECT 1 AS yes FROM pg_available_extensions WHERE name = 'timescaledb'

-- name: create_timescale
CREATE EXTENSION IF NOT EXISTS timescaledb

-- name: migrations_done
SELECT name FROM migrations

-- name: migration_done
INSERT INTO migrations (name) VALUES (%(name)s)
