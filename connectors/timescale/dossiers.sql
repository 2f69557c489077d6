-- name: dossiers_by_area
-- What happened to dossiers in [from, to), by area: a dossier has one area, so areas add up.
-- `dossiers` holds the first time of each action and answers by index; a dossier whose action came
-- again, and first before `from`, is found through the steps. (Counting distinct steps alone took
-- 1.7 s for ten months; this takes a tenth.)
WITH mine AS NOT MATERIALIZED (
    SELECT * FROM dossiers
    WHERE (%(office)s::text IS NULL OR office = %(office)s::text)
      AND (%(area)s::text IS NULL OR area = %(area)s::text)
), again AS (
    -- The scalar EXISTS are asked once: with nothing older than `from` there is nothing to join.
    SELECT d.office, d.dossier, d.area, s.action, d.due_at, min(s.at) AS at
    FROM dossier_steps s JOIN mine d USING (office, dossier)
    WHERE s.at >= %(start)s AND s.at < %(end)s AND s.action = 'received'
      AND d.received_at < %(start)s
      AND (SELECT EXISTS (SELECT FROM dossiers WHERE received_at < %(start)s))
    GROUP BY d.office, d.dossier, d.area, s.action, d.due_at
    UNION ALL
    SELECT d.office, d.dossier, d.area, s.action, d.due_at, min(s.at)
    FROM dossier_steps s JOIN mine d USING (office, dossier)
    WHERE s.at >= %(start)s AND s.at < %(end)s AND s.action = 'resolved'
      AND d.resolved_at < %(start)s
      AND (SELECT EXISTS (SELECT FROM dossiers WHERE resolved_at < %(start)s))
    GROUP BY d.office, d.dossier, d.area, s.action, d.due_at
), counted AS (
    SELECT area, count(*) AS received, 0 AS resolved, 0 AS on_time, 0 AS open, 0 AS overdue
    FROM mine WHERE received_at >= %(start)s AND received_at < %(end)s GROUP BY area
    UNION ALL
    SELECT area, 0, count(*), count(*) FILTER (WHERE due_at IS NULL OR resolved_at <= due_at), 0, 0
    FROM mine WHERE resolved_at >= %(start)s AND resolved_at < %(end)s GROUP BY area
    UNION ALL
    SELECT area, count(*) FILTER (WHERE action = 'received'),
           count(*) FILTER (WHERE action = 'resolved'),
           count(*) FILTER (WHERE action = 'resolved' AND (due_at IS NULL OR at <= due_at)), 0, 0
    FROM again GROUP BY area
    UNION ALL
    -- Open at `to`, in three parts that never meet, each with an index: open to this day, ...
    SELECT area, 0, 0, 0, count(*), count(*) FILTER (WHERE due_at < %(end)s)
    FROM mine WHERE received_at < %(end)s AND resolved_at IS NULL AND withdrawn_at IS NULL
    GROUP BY area
    UNION ALL
    -- ... resolved later, ...
    SELECT area, 0, 0, 0, count(*), count(*) FILTER (WHERE due_at < %(end)s)
    FROM mine WHERE received_at < %(end)s AND resolved_at >= %(end)s
      AND (withdrawn_at IS NULL OR withdrawn_at >= %(end)s)
    GROUP BY area
    UNION ALL
    -- ... or withdrawn later.
    SELECT area, 0, 0, 0, count(*), count(*) FILTER (WHERE due_at < %(end)s)
    FROM mine WHERE received_at < %(end)s AND resolved_at IS NULL AND withdrawn_at >= %(end)s
    GROUP BY area
)
SELECT area, sum(received)::bigint AS received, sum(resolved)::bigint AS resolved,
       sum(on_time)::bigint AS on_time, sum(open)::bigint AS open, sum(overdue)::bigint AS overdue
FROM counted GROUP BY area
