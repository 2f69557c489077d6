-- TimescaleDB (Community): hypertables and continuous aggregates.

SELECT create_hypertable('events', 'time', chunk_time_interval => INTERVAL '1 day',
                         create_default_indexes => false);
SELECT create_hypertable('counts_1m', 'minute', chunk_time_interval => INTERVAL '7 days',
                         create_default_indexes => false);
SELECT create_hypertable('durations_1m', 'minute', chunk_time_interval => INTERVAL '7 days',
                         create_default_indexes => false);

CREATE MATERIALIZED VIEW counts_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 hour', minute) AS hour, series, sum(n)::bigint AS n
FROM counts_1m GROUP BY 1, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW counts_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 day', minute, 'Asia/Ho_Chi_Minh') AS day, series, sum(n)::bigint AS n
FROM counts_1m GROUP BY 1, 2
WITH NO DATA;

CREATE VIEW rollup_1h AS
SELECT c.hour, s.source, s.area, s.kind, s.severity, c.n
FROM counts_1h AS c JOIN series AS s ON s.id = c.series;

CREATE VIEW rollup_1d AS
SELECT c.day, s.source, s.area, s.kind, s.severity, c.n
FROM counts_1d AS c JOIN series AS s ON s.id = c.series;

-- What is older than three days is refreshed by a timer row when a late event lands there.
SELECT add_continuous_aggregate_policy('counts_1h', start_offset => INTERVAL '3 days',
    end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '15 minutes');
SELECT add_continuous_aggregate_policy('counts_1d', start_offset => INTERVAL '7 days',
    end_offset => INTERVAL '1 day', schedule_interval => INTERVAL '1 hour');
