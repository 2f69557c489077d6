-- What the console needs: dead letters worked off in groups, and what-ifs that wait for their turn.

-- What is looked up by when it ended, in tables that nothing is deleted from -----------------------
-- An alarm ends once; its end is in the index of no other.
CREATE INDEX alarms_ended ON alarms (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX deliveries_failed ON deliveries (ended_at) WHERE state = 'failed';

-- Dead letters -------------------------------------------------------------------------------------
ALTER TABLE dead_letters
    ADD COLUMN seen_at        timestamptz,   -- when somebody first looked at its bytes
    ADD COLUMN discarded_at   timestamptz,
    ADD COLUMN discarded_by   text,
    ADD COLUMN discard_reason text;
-- Those that wait for a person; few, however many there were.
CREATE INDEX dead_letters_open ON dead_letters (id)
    WHERE retried_at IS NULL AND discarded_at IS NULL;

-- What-ifs -----------------------------------------------------------------------------------------
-- A question about changed rules; leased by one notifier at a time, which runs it in a child process.
CREATE TABLE what_ifs (
    id            uuid PRIMARY KEY,
    text          text NOT NULL,
    why           text NOT NULL,
    from_at       timestamptz NOT NULL,
    to_at         timestamptz NOT NULL,
    warm_up_hours int NOT NULL,
    by            text NOT NULL,
    at            timestamptz NOT NULL,
    state         text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'stopped')),
    progress      real NOT NULL DEFAULT 0,
    attempts      int NOT NULL DEFAULT 0,
    leased_until  timestamptz,
    stop_by       text,          -- who wants it to end
    ended_at      timestamptz,
    error         text,
    answer        jsonb
);
CREATE INDEX what_ifs_newest ON what_ifs (at DESC, id);
