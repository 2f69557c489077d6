-- Alarm management: the life, what hides, what belongs together, how much it is, rules over time.

-- The life -----------------------------------------------------------------------------------------
ALTER TABLE alarms
    ADD COLUMN severity_at       timestamptz,   -- event time of the newest event that says how severe
    ADD COLUMN repeated_at       timestamptz,   -- event time of the newest event that raised or prolonged it
    ADD COLUMN latch             boolean NOT NULL DEFAULT false,
    ADD COLUMN latched           boolean NOT NULL DEFAULT false,
    ADD COLUMN ack_expires_s     int,
    ADD COLUMN acknowledge_until timestamptz,
    ADD COLUMN one_shot          boolean NOT NULL DEFAULT false,
    ADD COLUMN shelved_by        text,
    ADD COLUMN shelve_reason     text,
    ADD COLUMN two_person        text[] NOT NULL DEFAULT '{}',
    ADD COLUMN hidden_by         jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN chattering_at     timestamptz,
    ADD COLUMN facts             jsonb NOT NULL DEFAULT '{}',   -- value, n, oldest_at, baseline …
    ADD COLUMN rule_version      int NOT NULL DEFAULT 0,
    -- These two are written by their owners alone (floods, incidents), never by a move.
    ADD COLUMN folded            boolean NOT NULL DEFAULT false,
    ADD COLUMN incident_id       uuid;
-- No index names state, folded or incident_id: a move then rewrites one row and no index, as long as its
-- page has room. With half of it free nearly every move finds some; with a fifth, two of three did.
ALTER TABLE alarms SET (fillfactor = 50);
DROP INDEX alarms_area;
CREATE INDEX alarms_area  ON alarms (area, priority, raised_at DESC, id) WHERE ended_at IS NULL;
CREATE INDEX alarms_group ON alarms (rule, area, raised_at, id) WHERE ended_at IS NULL;

ALTER TABLE alarm_log
    ADD COLUMN annunciated boolean NOT NULL DEFAULT false,
    ADD COLUMN event_at timestamptz,
    ADD COLUMN priority smallint,
    ADD COLUMN rule     text,
    ADD COLUMN key      text,
    ADD COLUMN source   text,
    ADD COLUMN area     text,
    ADD COLUMN device   text;
UPDATE alarm_log SET
    annunciated = to_state = 'unacknowledged' AND type <> 'unacknowledged'
        AND type <> 'repeated' AND from_state <> 'unacknowledged',
    priority = (alarm ->> 'priority')::smallint, rule = alarm ->> 'rule', key = alarm ->> 'key',
    source = alarm ->> 'source', area = alarm ->> 'area', device = alarm ->> 'device';
CREATE INDEX alarm_log_annunciated ON alarm_log (at) INCLUDE (priority, area, source)
    WHERE annunciated;
CREATE INDEX alarm_log_by ON alarm_log (at) WHERE by IS NOT NULL;

-- A page of due timers then comes from the index in its order, however many are due at one instant.
DROP INDEX timers_due;
CREATE INDEX timers_due ON timers (clock, due_at, kind, key);

-- Flips of a rule and key, across occurrences: chattering and fleeting (ioc.chattering).
CREATE TABLE chatter (
    rule     text NOT NULL,
    key      text NOT NULL,
    flips    timestamptz[] NOT NULL,            -- event times, newest last, at most 16
    fleeting timestamptz[] NOT NULL DEFAULT '{}',
    since_at timestamptz,                       -- chattering since; null: calm
    PRIMARY KEY (rule, key)
);

-- A move (or, where the site asks for it, a change of a rule) that a second person must approve.
CREATE TABLE approvals (
    id         uuid PRIMARY KEY,
    subject    text NOT NULL CHECK (subject IN ('alarm', 'rule')),
    subject_id text NOT NULL,
    move       text NOT NULL,
    body       jsonb NOT NULL,
    by         text NOT NULL,
    at         timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    outcome    text CHECK (outcome IN ('approved', 'rejected', 'expired')),
    decided_by text,
    decided_at timestamptz,
    CHECK (outcome IS DISTINCT FROM 'approved' OR decided_by <> by)
);
CREATE UNIQUE INDEX approvals_open ON approvals (subject, subject_id, move) WHERE outcome IS NULL;

-- Scan rules ---------------------------------------------------------------------------------------
-- What a scan found last time; the difference to what it finds now is what is raised and cleared.
CREATE TABLE scan_findings (
    rule     text NOT NULL,
    key      text NOT NULL,
    since    timestamptz NOT NULL,
    severity text NOT NULL,
    PRIMARY KEY (rule, key)
);
-- What a site calls its devices, so that a rule can name a group of them.
CREATE TABLE device_tags (
    source text NOT NULL,
    device text NOT NULL,
    tag    text NOT NULL,
    PRIMARY KEY (tag, source, device)
);

-- What hides ---------------------------------------------------------------------------------------
-- Every reason to hide alarms, by whatever rule or person; several may hide one alarm.
CREATE TABLE suppressions (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN
        ('silence', 'maintenance', 'inhibition', 'plant_state', 'out_of_service')),
    name         text,                          -- of the rule or window that made it
    matcher      jsonb NOT NULL,
    reason       text NOT NULL,
    by           text NOT NULL,
    parent_alarm uuid,
    from_at      timestamptz NOT NULL,
    until_at     timestamptz,                   -- null: until its parent ends, or a person ends it
    -- RRULE in local time; from_at and until_at are the present turn.
    recurrence   text,
    duration_s   int,
    origin       text NOT NULL CHECK (origin IN ('api', 'yaml', 'rule')),
    created_at   timestamptz NOT NULL,
    review_at    timestamptz,                   -- of what has no end: when somebody should look again
    -- When the alarms that were open then began to be hidden in this turn; null: not yet. Who rings with
    -- an older clock must not go by the clock: the begin has been past its alarm by then.
    begun_at     timestamptz,
    ended_at     timestamptz,
    ended_by     text
);
CREATE INDEX suppressions_live ON suppressions (from_at) WHERE ended_at IS NULL;
CREATE INDEX suppressions_parent ON suppressions (parent_alarm)
    WHERE ended_at IS NULL AND parent_alarm IS NOT NULL;
CREATE INDEX suppressions_newest ON suppressions (created_at DESC, id);
CREATE TABLE suppression_log (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    suppression_id uuid NOT NULL REFERENCES suppressions (id),
    at             timestamptz NOT NULL,
    type           text NOT NULL CHECK (type IN ('made', 'begun', 'over', 'ended')),
    by             text,
    comment        text,
    alarms         int
);
CREATE INDEX suppression_log_of ON suppression_log (suppression_id, id);

-- What belongs together ----------------------------------------------------------------------------
-- Alarms that belong together in place, time and cause (ioc.incident).
CREATE TABLE incidents (
    id          uuid PRIMARY KEY,
    number      int GENERATED ALWAYS AS IDENTITY,
    rule        text,                            -- null: made by hand
    title       text NOT NULL,
    title_en    text NOT NULL,
    severity    text NOT NULL,
    state       text NOT NULL CHECK (state IN ('open', 'closed', 'merged')),
    area        text,
    lat         double precision,
    lon         double precision,
    radius_m    double precision NOT NULL DEFAULT 0,
    sources     text[] NOT NULL,
    alarms      int NOT NULL,
    began_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    opened_at   timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    lead        text,
    closed_at   timestamptz,
    closing_code text,
    merged_into uuid,
    version     int NOT NULL
);
CREATE INDEX incidents_open ON incidents (last_at DESC, id) WHERE state = 'open';
CREATE INDEX incidents_newest ON incidents (opened_at DESC, id);
CREATE TABLE incident_alarms (
    alarm_id    uuid PRIMARY KEY,
    incident_id uuid NOT NULL REFERENCES incidents (id),
    at          timestamptz NOT NULL,
    by          text                             -- null: by rule; a person's is never moved by one
);
CREATE INDEX incident_alarms_of ON incident_alarms (incident_id);
-- Alarms that a person has told apart: no rule joins across such a pair again.
CREATE TABLE incident_splits (
    one   uuid NOT NULL,
    other uuid NOT NULL,
    at    timestamptz NOT NULL,
    by    text NOT NULL,
    PRIMARY KEY (one, other)
);
CREATE TABLE incident_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident_id uuid NOT NULL,
    at          timestamptz NOT NULL,
    type        text NOT NULL CHECK (type IN ('opened', 'joined', 'merged', 'split', 'severity_changed',
        'assigned', 'commented', 'closed', 'reopened')),
    by          text,
    comment     text,
    body        jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX incident_log_of ON incident_log (incident_id, id);
-- Runs of raising events, by place; `cluster` is the component that a run belongs to.
CREATE TABLE evidence (
    incident_rule text NOT NULL,
    alarm_id uuid NOT NULL,
    rule     text NOT NULL,
    key      text NOT NULL,
    source   text NOT NULL,
    severity text NOT NULL,                      -- the worst of its events
    area     text,
    place    text NOT NULL,                      -- "x,y" in whole decimetres, or the value of `on`
    links    int NOT NULL,                       -- its places in a cause chain, as bits
    x_m      double precision,
    y_m      double precision,
    cell_x   int NOT NULL,                       -- floor(x_m / 1000); without a point a hash of the place
    cell_y   int NOT NULL,
    from_at  timestamptz NOT NULL,
    to_at    timestamptz NOT NULL,
    n        int NOT NULL,
    cluster  uuid NOT NULL,
    PRIMARY KEY (alarm_id, incident_rule, place, from_at)
);
CREATE INDEX evidence_near ON evidence (incident_rule, cell_x, cell_y, to_at);
CREATE INDEX evidence_cluster ON evidence (cluster);
CREATE INDEX evidence_age ON evidence (to_at);

-- How much it is -----------------------------------------------------------------------------------
-- Operators' positions; an alarm belongs to the first by rank whose areas and sources it fits.
CREATE TABLE positions (
    id      text PRIMARY KEY,
    name    text NOT NULL,
    name_en text NOT NULL,
    rank    int NOT NULL,
    areas   text[],                              -- null: all
    sources text[]
);
INSERT INTO positions VALUES ('main', 'Trực ban', 'Duty desk', 1000, NULL, NULL);
-- Times in which more rang at a position than a person can follow (ioc.flood).
CREATE TABLE floods (
    id       uuid PRIMARY KEY,
    position text NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    alarms   int NOT NULL DEFAULT 0,
    peak_10m int NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX floods_open ON floods (position) WHERE ended_at IS NULL;
CREATE INDEX floods_began ON floods (began_at DESC);

-- Rules over time ----------------------------------------------------------------------------------
CREATE SEQUENCE rule_revision;
-- Every wording that a rule or a section ever had; the newest of each is what is in force.
CREATE TABLE rule_versions (
    noun     text NOT NULL CHECK (noun IN ('rule', 'incident', 'inhibition', 'plant_state',
        'maintenance', 'philosophy', 'calendar', 'devices')),
    id       text NOT NULL,
    version  int NOT NULL,
    body     jsonb,                              -- null: withdrawn
    by       text NOT NULL,
    at       timestamptz NOT NULL,
    why      text NOT NULL,
    origin   text NOT NULL CHECK (origin IN ('shipped', 'file', 'api')),
    revision bigint NOT NULL UNIQUE,             -- drawn under advisory lock 7111: visible in order
    PRIMARY KEY (noun, id, version)
);
ALTER TABLE rules ADD COLUMN version int NOT NULL DEFAULT 0;
