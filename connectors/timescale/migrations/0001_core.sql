-- The whole memory of the product. The same names stand on plain PostgreSQL and on TimescaleDB:
-- 0001_core.timescale.sql or 0001_core.plain.sql follows, whichever the server can run.

-- Reference data ---------------------------------------------------------------------------------

CREATE TABLE areas (
    code       text PRIMARY KEY,
    name       text NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('province', 'commune', 'ward')),
    lat        double precision,
    lon        double precision,
    valid_from date NOT NULL
);

CREATE TABLE rules (
    id        text PRIMARY KEY,
    body      jsonb NOT NULL,
    loaded_at timestamptz NOT NULL
);

CREATE TABLE keys (
    id         uuid PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    role       text NOT NULL CHECK (role IN ('viewer', 'operator', 'connector', 'admin')),
    area       text,
    hash       bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Browsers cannot send headers with EventSource: a login trades a key for a cookie. Tokens are random,
-- so a row is all that a session is: no secret to share between API processes, revoked with its key.
CREATE TABLE sessions (
    hash       bytea PRIMARY KEY,
    key_id     uuid NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    role       text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    area       text,
    is_link    boolean NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_key ON sessions (key_id, expires_at);

-- Who looked at the personal data of a reporter, and when (law 91/2025/QH15).
CREATE TABLE looks (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at   timestamptz NOT NULL,
    by   text NOT NULL,
    what text NOT NULL
);

-- The road: where each partition is read up to ----------------------------------------------------

-- The fence: a batch commits only by moving `next` from where it was fetched (architecture.md, rule 2).
-- `progress_at` is stream time, `held_at` says when its worker last lived.
CREATE TABLE offsets (
    log         text NOT NULL,
    topic       text NOT NULL,
    partition   int NOT NULL,
    next        bigint NOT NULL,
    progress_at timestamptz,
    held_at     timestamptz,
    held_by     text,
    -- Of the partition's latest records, as many as its share of the thousand (ioc.intake).
    recent_records real NOT NULL DEFAULT 0,
    recent_dead    real NOT NULL DEFAULT 0,
    PRIMARY KEY (log, topic, partition)
);

-- Notifiers and APIs say each second that they live.
CREATE TABLE processes (
    name       text PRIMARY KEY,
    kind       text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL
);

CREATE TABLE dead_letters (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,
    log         text NOT NULL,
    topic       text NOT NULL,
    partition   int NOT NULL,
    "offset"    bigint NOT NULL,
    received_at timestamptz NOT NULL,
    source      text NOT NULL,
    reason      text NOT NULL,
    detail      text NOT NULL,
    key         bytea,
    headers     jsonb NOT NULL DEFAULT '[]', -- [[name, base64], …]
    raw         bytea NOT NULL,
    retried_at  timestamptz,
    retried_by  text,
    UNIQUE (log, topic, partition, "offset")
);
CREATE INDEX dead_letters_source ON dead_letters (source, at DESC);

-- What happened ----------------------------------------------------------------------------------

-- `id` is the 128-bit hash of the CloudEvents source and id; `ref` is the thing that the event is
-- about (device, report, office/ticket, office/dossier), so that one index finds its history.
CREATE TABLE events (
    time         timestamptz NOT NULL,
    id           uuid NOT NULL,
    received_at  timestamptz NOT NULL,
    source       text NOT NULL,
    type         text NOT NULL,
    ce_source    text NOT NULL,
    ce_id        text NOT NULL,
    subject      text,
    area         text NOT NULL,
    area_unknown text,
    device       text,
    ref          text,
    kind         text NOT NULL,
    severity     text,
    lat          double precision,
    lon          double precision,
    partition    int NOT NULL,
    "offset"     bigint NOT NULL,
    -- As it was sent: json keeps it so, and costs less to take in than jsonb.
    data         json NOT NULL,
    PRIMARY KEY (time, id)
);
CREATE INDEX events_ref ON events (ref, time DESC) WHERE ref IS NOT NULL;

-- What is counted apart: one row for each combination of words that ever came.
CREATE TABLE series (
    id       int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source   text NOT NULL,
    area     text NOT NULL,
    kind     text NOT NULL,
    severity text NOT NULL,
    UNIQUE (source, area, kind, severity)
);

-- Counts by minute; the partition is part of the key so that workers never fight for one hot row.
-- Narrow, because a busy minute touches a row for every few events (ADR 0012).
CREATE TABLE counts_1m (
    minute    timestamptz NOT NULL,
    series    int NOT NULL,
    partition int NOT NULL,
    n         bigint NOT NULL,
    PRIMARY KEY (minute, series, partition)
);

CREATE VIEW rollup_1m AS
SELECT c.minute, s.source, s.area, s.kind, s.severity, c.partition, c.n
FROM counts_1m AS c JOIN series AS s ON s.id = c.series;

-- Durations as histograms that add up: bin b holds those in (g^(b-1), g^b] ms, g = 1.01/0.99, bin -1
-- those under 1 ms; a bin's middle is within 1 % of all in it (ioc.rollup). The exact sum is beside it.
CREATE TABLE durations_1m (
    minute timestamptz NOT NULL,
    metric text NOT NULL,
    office text NOT NULL,
    area   text NOT NULL,
    bin    int NOT NULL,
    n      bigint NOT NULL,
    sum_ms bigint NOT NULL,
    PRIMARY KEY (minute, metric, office, area, bin)
);

CREATE TABLE devices (
    source     text NOT NULL,
    device     text NOT NULL,
    area       text NOT NULL,
    lat        double precision,
    lon        double precision,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    PRIMARY KEY (source, device)
);

-- The newest word on each citizen's report.
CREATE TABLE reports (
    report    text PRIMARY KEY,
    area      text NOT NULL,
    category  text NOT NULL,
    status    text NOT NULL,
    status_at timestamptz NOT NULL,
    opened_at timestamptz,
    due_at    timestamptz,
    due_set_at timestamptz,
    emergency boolean NOT NULL,
    event_id  uuid NOT NULL
);
CREATE INDEX reports_open ON reports (due_at) WHERE status IN ('open', 'in_progress', 'reopened');
CREATE INDEX reports_opened ON reports (opened_at);

-- One person's way through a queue, derived from the ticket's events in whatever order they came.
CREATE TABLE visits (
    office     text NOT NULL,
    day        date NOT NULL,
    ticket     text NOT NULL,
    visit      int NOT NULL,
    area       text NOT NULL,
    issued_at  timestamptz,
    called_at  timestamptz,
    ended_at   timestamptz,
    outcome    text CHECK (outcome IN ('served', 'abandoned')),
    waited_until timestamptz,
    wait_ms    bigint,
    -- A visit's times are all of its day, so days are the index of every question; with no other
    -- index a step of a visit rewrites one row and nothing else.
    PRIMARY KEY (day, office, ticket, visit)
);

-- Every distinct step of a dossier (for counts in a range) and its state now (for what is open).
CREATE TABLE dossier_steps (
    at      timestamptz NOT NULL,
    office  text NOT NULL,
    dossier text NOT NULL,
    action  text NOT NULL CHECK (action IN ('received', 'resolved', 'withdrawn')),
    area    text NOT NULL,
    PRIMARY KEY (at, office, dossier, action)
);
CREATE TABLE dossiers (
    office       text NOT NULL,
    dossier      text NOT NULL,
    area         text NOT NULL,
    area_at      timestamptz NOT NULL,
    received_at  timestamptz,
    resolved_at  timestamptz,
    withdrawn_at timestamptz,
    due_at       timestamptz,
    due_set_at   timestamptz,
    PRIMARY KEY (office, dossier)
);
CREATE INDEX dossiers_open ON dossiers (received_at)
    WHERE resolved_at IS NULL AND withdrawn_at IS NULL;
CREATE INDEX dossiers_received ON dossiers (received_at);
CREATE INDEX dossiers_resolved ON dossiers (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX dossiers_withdrawn ON dossiers (withdrawn_at) WHERE withdrawn_at IS NOT NULL;

-- Alarms -----------------------------------------------------------------------------------------

-- The marks that a rule has seen for one key (ioc.rule.window), locked in key order.
CREATE TABLE rule_windows (
    rule       text NOT NULL,
    key        text NOT NULL,
    marks      jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (rule, key)
);

CREATE TABLE alarms (
    id              uuid PRIMARY KEY,
    rule            text NOT NULL,
    key             text NOT NULL,
    source          text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('critical', 'high', 'medium', 'low')),
    priority        smallint GENERATED ALWAYS AS (CASE severity
        WHEN 'critical' THEN 1 WHEN 'high' THEN 2 WHEN 'medium' THEN 3 ELSE 4 END) STORED,
    state           text NOT NULL,
    active          boolean NOT NULL,
    area            text,
    device          text,
    title           text NOT NULL,
    title_en        text NOT NULL,
    guidance        text[] NOT NULL,
    ack_required    boolean NOT NULL,
    raised_at       timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    condition_at    timestamptz NOT NULL,
    event_source    text NOT NULL,
    event_id        text NOT NULL,
    event_time      timestamptz NOT NULL,
    returned_at     timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    assignee        text,
    shelved_until   timestamptz,
    closed_at       timestamptz,
    closing_code    text,
    ended_at        timestamptz,
    lat             double precision,
    lon             double precision,
    count           int NOT NULL,
    version         int NOT NULL,
    -- The words of title and device without marks («chay», «dam»), found by their beginnings. The
    -- marks go before lower(), which knows only ASCII when the database has the C locale.
    search          tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig,
        regexp_replace(lower(regexp_replace(
            translate(normalize(title || ' ' || title_en || ' ' || coalesce(device, ''), NFD),
                      'ĐđÐð', 'dddd'),
            '[\u0300-\u036f]', '', 'g')), '[^a-z0-9]+', ' ', 'g'))) STORED
);
CREATE INDEX alarms_search ON alarms USING gin (search);
CREATE UNIQUE INDEX alarms_open ON alarms (rule, key) WHERE ended_at IS NULL;
CREATE INDEX alarms_feed ON alarms (priority, raised_at DESC, id) WHERE ended_at IS NULL;
CREATE INDEX alarms_area ON alarms (area, priority) WHERE ended_at IS NULL;
CREATE INDEX alarms_raised ON alarms (raised_at DESC, id);
CREATE INDEX alarms_area_raised ON alarms (area, raised_at DESC, id);

-- Append-only; `seq` is given out under one advisory lock, last before COMMIT, so numbers become
-- visible in order and every reader can follow it by number (architecture.md, rule 7).
CREATE SEQUENCE alarm_log_seq;
CREATE TABLE alarm_log (
    seq        bigint PRIMARY KEY,
    alarm_id   uuid NOT NULL,
    at         timestamptz NOT NULL,
    type       text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    by         text,
    comment    text,
    alarm      jsonb NOT NULL
);
CREATE INDEX alarm_log_alarm ON alarm_log (alarm_id, seq);
CREATE INDEX alarm_log_raised ON alarm_log (at) WHERE type = 'raised';

-- Every timer is a row. `clock` stream: due when the stream has passed it; wall: when the clock has.
CREATE TABLE timers (
    kind    text NOT NULL,
    key     text NOT NULL,
    clock   text NOT NULL CHECK (clock IN ('stream', 'wall')),
    due_at  timestamptz NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    -- A timer whose handler failed steps aside until then, so that the others run.
    held_until timestamptz,
    PRIMARY KEY (kind, key)
);
CREATE INDEX timers_due ON timers (clock, due_at);

-- Telling --------------------------------------------------------------------------------------

CREATE TABLE endpoints (
    id              uuid PRIMARY KEY,
    name            text NOT NULL,
    url             text NOT NULL,
    secret          text NOT NULL,
    filter          jsonb NOT NULL DEFAULT '{}',
    origin          text NOT NULL CHECK (origin IN ('api', 'yaml')),
    created_at      timestamptz NOT NULL,
    disabled_at     timestamptz,
    disabled_reason text,
    failing_since   timestamptz,
    failures        int NOT NULL DEFAULT 0,
    next_probe_at   timestamptz,
    deleted_at      timestamptz
);
-- A deleted endpoint stays for its ledger; its name may be used again.
CREATE UNIQUE INDEX endpoints_name ON endpoints (name) WHERE deleted_at IS NULL;

-- The outbox: written in the alarm's transaction; `id` is the webhook-id, the same in every attempt.
CREATE TABLE deliveries (
    id           uuid PRIMARY KEY,
    endpoint_id  uuid NOT NULL REFERENCES endpoints (id),
    alarm_id     uuid NOT NULL,
    seq          bigint NOT NULL,
    type         text NOT NULL,
    priority     smallint NOT NULL,
    at           timestamptz NOT NULL,
    state        text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    next_at      timestamptz, -- null: at once
    leased_until timestamptz,
    attempts     int NOT NULL DEFAULT 0,
    refusals     int NOT NULL DEFAULT 0,
    aside        int NOT NULL DEFAULT 0,
    ended_at     timestamptz,
    UNIQUE (endpoint_id, seq)
);
CREATE INDEX deliveries_pending ON deliveries (endpoint_id, aside, priority, seq)
    WHERE state = 'pending';
CREATE INDEX deliveries_leased ON deliveries (endpoint_id)
    WHERE state = 'pending' AND leased_until IS NOT NULL;
CREATE INDEX deliveries_alarm ON deliveries (alarm_id);
CREATE INDEX deliveries_newest ON deliveries (seq DESC, id);

-- The ledger: who was told what, when, and what they answered. Written before the message is sent:
-- no duration means under way, or that the notifier ended before it knew.
CREATE TABLE attempts (
    delivery_id uuid NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    attempt     int NOT NULL,
    at          timestamptz NOT NULL,
    duration_ms int,
    status      int,
    error       text,
    PRIMARY KEY (delivery_id, attempt)
);
