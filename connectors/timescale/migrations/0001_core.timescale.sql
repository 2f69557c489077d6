-- TimescaleDB (Community): hypertables and continuous aggregates.

SELECT create_hypertable('events', 'time', chunk_time_interval => INTERVAL '1 day',
                         create_default_indexes => false);
SELECT create_hypertable('rollup_1m', 'minute', chunk_time_interval => INTERVAL '7 days',
                         create_default_indexes => false);
SELECT create_hypertable('durations_1m', 'minute', chunk_time_interval => INTERVAL '7 days',
                         create_default_indexes => false);

CREATE MATERIALIZED VIEW rollup_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 hour', minute) AS hour, source, area, kind, severity, sum(n)::bigint AS n
FROM rollup_1m GROUP BY 1, 2, 3, 4, 5
WITH NO DATA;

CREATE MATERIALIZED VIEW rollup_1d
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT time_bucket('1 day', minute, 'Asia/Ho_Chi_Minh') AS day, source, area, kind, severity,
       sum(n)::bigint AS n
FROM rollup_1m GROUP BY 1, 2, 3, 4, 5
WITH NO DATA;

-- What is older than three days is refreshed by a timer row when a late event lands there.
SELECT add_continuous_aggregate_policy('rollup_1h', start_offset => INTERVAL '3 days',
    end_offset => INTERVAL '1 hour', schedule_interval => INTERVAL '15 minutes');
SELECT add_continuous_aggregate_policy('rollup_1d', start_offset => INTERVAL '7 days',
    end_offset => INTERVAL '1 day', schedule_interval => INTERVAL '1 hour');
