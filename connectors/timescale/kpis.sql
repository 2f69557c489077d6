-- name: figures
-- Everything that the figures are made of, counted in one statement, so in one moment. A ring is an
-- entry of the log that was annunciated; it belongs to the first position that looks after it.
WITH entries AS MATERIALIZED (
    SELECT seq, alarm_id, at, type, from_state, to_state, by, comment, annunciated, priority, rule,
        key, source, area, device
    FROM alarm_log AS l
    WHERE at >= %(from)s AND at < %(to)s AND (%(area)s::text IS NULL OR area = %(area)s)
        AND (%(position)s::text IS NULL OR %(position)s = (
            SELECT p.id FROM positions AS p
            WHERE (p.areas IS NULL OR l.area = ANY (p.areas))
                AND (p.sources IS NULL OR l.source = ANY (p.sources))
            ORDER BY p.rank LIMIT 1))
), rings AS MATERIALIZED (
    SELECT at, alarm_id, priority, rule, key, area, device FROM entries WHERE annunciated
), periods AS (
    SELECT n, count(*) AS periods
    FROM (SELECT count(*) AS n FROM rings GROUP BY date_bin('10 minutes', at, '2000-01-01Z')) AS each
    GROUP BY n
), hours AS (
    SELECT n, count(*) AS hours
    FROM (SELECT count(*) AS n FROM rings GROUP BY date_bin('1 hour', at, '2000-01-01Z')) AS each
    GROUP BY n
), rolling AS (
    SELECT max(n) AS most FROM (
        -- Half open: what rang exactly ten minutes ago is in the window before.
        SELECT count(*) OVER (ORDER BY at
            RANGE BETWEEN interval '9 minutes 59.999999 seconds' PRECEDING AND CURRENT ROW) AS n
        FROM rings
    ) AS each
), actors AS (
    SELECT rule, key, max(device) AS device, max(area) AS area, count(*) AS n
    FROM rings GROUP BY rule, key ORDER BY n DESC, rule, key LIMIT 10
), concerned AS (
    -- Alarms of which something is in the log, and those that were open when the range began.
    SELECT alarm_id FROM entries
    UNION
    SELECT id FROM alarms AS l
    WHERE (ended_at IS NULL OR ended_at >= %(from)s)
        AND (%(area)s::text IS NULL OR area = %(area)s)
        AND (%(position)s::text IS NULL OR %(position)s = (
            SELECT p.id FROM positions AS p
            WHERE (p.areas IS NULL OR l.area = ANY (p.areas))
                AND (p.sources IS NULL OR l.source = ANY (p.sources))
            ORDER BY p.rank LIMIT 1))
), lives AS MATERIALIZED (
    SELECT l.seq, l.alarm_id, l.at, l.type, l.to_state, l.annunciated, l.event_at, l.priority,
        l.rule, l.key,
        CASE WHEN l.type = 'raised' THEN true
            WHEN l.type = 'returned' OR l.to_state = 'normal' THEN false END AS active,
        l.to_state IN ('unacknowledged', 'returned') AS unknown,
        max(l.at) FILTER (WHERE l.annunciated) OVER (PARTITION BY l.alarm_id ORDER BY l.seq) AS rung_at
    FROM alarm_log AS l JOIN concerned USING (alarm_id)
    WHERE l.at < %(to)s
), turns AS (
    SELECT *, lag(active) OVER life IS DISTINCT FROM active AS turned
    FROM lives WHERE active IS NOT NULL
    WINDOW life AS (PARTITION BY alarm_id ORDER BY seq)
), conditions AS MATERIALIZED (
    SELECT alarm_id, rule, key, active, at, event_at,
        coalesce(lead(at) OVER life, %(to)s) AS until,
        lead(type) OVER life AS ended_by, lead(event_at) OVER life AS event_until
    FROM turns WHERE turned
    WINDOW life AS (PARTITION BY alarm_id ORDER BY seq)
), active AS (
    SELECT * FROM conditions WHERE active AND until > %(from)s
), stale AS (
    SELECT day, count(DISTINCT alarm_id) AS n
    FROM (
        SELECT alarm_id, greatest(at + interval '24 hours', %(from)s) AS since, least(until, %(to)s) AS until
        FROM active
    ) AS long,
    generate_series(
        date_trunc('day', since AT TIME ZONE %(zone)s),
        date_trunc('day', (until - interval '1 microsecond') AT TIME ZONE %(zone)s),
        interval '1 day') AS day
    WHERE since < until
    GROUP BY day
), fleeting AS (
    SELECT DISTINCT rule, key FROM active
    WHERE ended_by = 'returned' AND until >= %(from)s
        AND event_until - event_at >= interval '0' AND event_until - event_at < %(fleeting)s
), doubts AS (
    SELECT *, lag(unknown) OVER (PARTITION BY alarm_id ORDER BY seq) IS DISTINCT FROM unknown AS turned
    FROM lives
), unknowns AS (
    SELECT unknown, at,
        coalesce(lead(at) OVER (PARTITION BY alarm_id ORDER BY seq), %(to)s) AS until
    FROM doubts WHERE turned
), standing AS (
    SELECT DISTINCT ON (alarm_id) to_state FROM lives ORDER BY alarm_id, seq DESC
), answers AS (
    SELECT priority, count(*) AS n,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM at - rung_at)) AS p50_s,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM at - rung_at)) AS p90_s
    FROM lives
    WHERE type = 'acknowledged' AND at >= %(from)s AND rung_at IS NOT NULL
    GROUP BY priority
), closings AS (
    SELECT e.rule, e.device, e.source, l.alarm ->> 'closing_code' AS code
    FROM entries AS e JOIN alarm_log AS l USING (seq) WHERE e.type = 'closed'
), by_rule AS (
    SELECT rule, code, count(*) AS n FROM closings WHERE code IS NOT NULL GROUP BY rule, code
), by_device AS (
    SELECT source, device, code, count(*) AS n
    FROM closings WHERE code IS NOT NULL AND device IS NOT NULL GROUP BY source, device, code
), hushed AS (
    -- Hidden, and nobody and nothing is named that did it.
    SELECT count(*) AS n FROM entries AS e JOIN alarm_log AS l USING (seq)
    WHERE e.to_state IN ('shelved', 'suppressed', 'out_of_service') AND e.from_state <> e.to_state
        AND coalesce(btrim(e.by), '') = ''
        AND coalesce(jsonb_array_length(nullif(l.alarm -> 'hidden_by', 'null'::jsonb)), 0) = 0
)
SELECT
    (SELECT count(*) FROM rings) AS rings,
    (SELECT count(*) FROM rings WHERE at > %(to)s - interval '10 minutes') AS rings_last_10m,
    coalesce((SELECT most FROM rolling), 0) AS most_in_10m,
    (SELECT coalesce(json_object_agg(n, periods), '{}') FROM periods) AS periods,
    (SELECT coalesce(json_object_agg(n, hours), '{}') FROM hours) AS hours,
    (SELECT coalesce(json_object_agg(priority, n), '{}') FROM (
        SELECT priority, count(*) AS n FROM rings GROUP BY priority) AS each) AS priorities,
    (SELECT coalesce(json_agg(actors ORDER BY n DESC, rule, key), '[]') FROM actors) AS actors,
    (SELECT count(*) FROM (
        SELECT DISTINCT rule, key FROM entries WHERE type = 'chattering') AS each) AS chattering,
    (SELECT count(*) FROM fleeting) AS fleeting,
    coalesce((SELECT max(n) FROM stale), 0) AS stale,
    coalesce((SELECT max(extract(epoch FROM until - at)) FROM active), 0)::float8 AS active_most_s,
    coalesce((SELECT max(extract(epoch FROM until - at)) FROM unknowns
        WHERE unknown AND until > %(from)s), 0)::float8 AS unknown_most_s,
    (SELECT count(*) FROM standing
        WHERE to_state IN ('unacknowledged', 'acknowledged')) AS standing,
    (SELECT count(*) FROM standing WHERE to_state = 'shelved') AS shelved,
    coalesce((SELECT max(n) FROM (SELECT count(*) AS n FROM entries
        WHERE type = 'reminder' GROUP BY alarm_id) AS each), 0) AS reminders_most,
    (SELECT coalesce(json_agg(answers ORDER BY priority), '[]') FROM answers) AS answers,
    (SELECT coalesce(json_agg(by_rule), '[]') FROM by_rule) AS by_rule,
    (SELECT coalesce(json_agg(by_device), '[]') FROM by_device) AS by_device,
    (SELECT n FROM hushed) AS hushed

-- name: first
-- Since when something is known: the first event, or an alarm of before; no row without any event.
SELECT least(heard.at, (SELECT min(at) FROM alarm_log WHERE type = 'raised')) AS at
FROM (SELECT min(minute) AS at FROM counts_1m) AS heard
WHERE heard.at IS NOT NULL

-- name: floods
-- The parts of floods that lie in the range, of one position or of all.
SELECT greatest(began_at, %(from)s) AS from_at, least(coalesce(ended_at, %(to)s), %(to)s) AS until_at
FROM floods
WHERE began_at < %(to)s AND coalesce(ended_at, %(to)s) > %(from)s
    AND (%(position)s::text IS NULL OR position = %(position)s)
ORDER BY from_at

-- name: unnamed_changes
-- Changes of rules without who or why.
SELECT count(*) AS n FROM rule_versions
WHERE at >= %(from)s AND at < %(to)s AND (btrim(by) = '' OR btrim(why) = '')

-- name: positions
SELECT id, name, name_en FROM positions ORDER BY rank
