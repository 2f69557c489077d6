-- name: create
-- Rows wait here for one set-based statement; gone with the transaction. The columns of staging.py.
-- Texts that are always short are PLAIN: a table without a TOAST table is emptied at COMMIT in a
-- tenth of the time (15 us instead of 150), and every transaction empties all of these.
CREATE TEMP TABLE IF NOT EXISTS staged (
    time timestamptz, id uuid, received_at timestamptz, source text, type text,
    ce_source text, ce_id text, subject text, area text, area_unknown text, device text, ref text,
    kind text, severity text, lat double precision, lon double precision, partition int,
    "offset" bigint, data json
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_durations (
    minute timestamptz, metric text STORAGE PLAIN, office text STORAGE PLAIN,
    area text STORAGE PLAIN, bin int, n bigint, sum_ms bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_visits (
    office text STORAGE PLAIN, day date, ticket text STORAGE PLAIN, visit int,
    area text STORAGE PLAIN, issued_at timestamptz, called_at timestamptz, ended_at timestamptz,
    outcome text STORAGE PLAIN, waited_until timestamptz, wait_ms bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_reports (
    report text STORAGE PLAIN, area text STORAGE PLAIN, category text STORAGE PLAIN,
    status text STORAGE PLAIN, status_at timestamptz, opened_at timestamptz, due_at timestamptz,
    due_set_at timestamptz, emergency boolean, event_id uuid
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS staged_devices (
    source text STORAGE PLAIN, device text STORAGE PLAIN, area text STORAGE PLAIN,
    lat double precision, lon double precision, first_seen timestamptz, last_seen timestamptz
) ON COMMIT DELETE ROWS

-- name: stage_events
COPY staged FROM STDIN (FORMAT binary)

-- name: stage_visits
COPY staged_visits FROM STDIN (FORMAT binary)

-- name: stage_reports
COPY staged_reports FROM STDIN (FORMAT binary)

-- name: stage_devices
COPY staged_devices FROM STDIN (FORMAT binary)

-- name: stage_durations
COPY staged_durations FROM STDIN (FORMAT binary)
