-- name: bound
-- For the rest of the transaction, or of its savepoint when that is rolled back.
SELECT set_config('statement_timeout', %(milliseconds)s, true)

-- name: grow
-- A file grows by 4 MiB and is gone with the transaction: on a full disk one can still connect, read
-- and change a row in place. Not where temporary things are, which may be another disk.
SET LOCAL temp_tablespaces = '';
CREATE TEMP TABLE growth ON COMMIT DROP AS
SELECT repeat('x', 1000) AS filler FROM generate_series(1, 4096)

-- name: one_moment
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY
