-- name: dossiers_by_place
-- What happened to dossiers in [from, to), by office and area: a dossier has one of each, so they add up.
-- `dossiers` holds the first time of each action and answers by index; a dossier whose action came
-- again, and first before `from`, is found through the steps. (Counting distinct steps alone took
-- 1.7 s for ten months; this takes a tenth.)
WITH mine AS NOT MATERIALIZED (
    SELECT * FROM dossiers
    WHERE (%(office)s::text IS NULL OR office = %(office)s::text)
      AND (%(area)s::text IS NULL OR area = %(area)s::text)
), again AS (
    -- Most steps of a range are their dossier's first: these are left out before the others look for
    -- their dossier, or the join would read every dossier that ever was. The scalar EXISTS are asked
    -- once: with nothing older than `from` nothing came again.
    SELECT s.office, d.area, s.action, d.due_at, s.at
    FROM (
        SELECT office, dossier, action, min(at) AS at FROM dossier_steps AS s
        WHERE at >= %(start)s AND at < %(end)s AND action = 'received'
          AND (SELECT EXISTS (SELECT FROM dossiers WHERE received_at < %(start)s))
          AND NOT EXISTS (
            SELECT FROM dossiers AS d WHERE (d.office, d.dossier) = (s.office, s.dossier)
              AND d.received_at >= %(start)s AND d.received_at < %(end)s)
        GROUP BY office, dossier, action
        UNION ALL
        SELECT office, dossier, action, min(at) FROM dossier_steps AS s
        WHERE at >= %(start)s AND at < %(end)s AND action = 'resolved'
          AND (SELECT EXISTS (SELECT FROM dossiers WHERE resolved_at < %(start)s))
          AND NOT EXISTS (
            SELECT FROM dossiers AS d WHERE (d.office, d.dossier) = (s.office, s.dossier)
              AND d.resolved_at >= %(start)s AND d.resolved_at < %(end)s)
        GROUP BY office, dossier, action
    ) AS s CROSS JOIN LATERAL (
        -- The planner takes the few that are left for many; LIMIT keeps it at the index.
        SELECT area, due_at FROM mine WHERE (office, dossier) = (s.office, s.dossier) LIMIT 1
    ) AS d
), counted AS (
    SELECT office, area, count(*) AS received, 0 AS resolved, 0 AS on_time, 0 AS open, 0 AS overdue,
           0 AS due_today
    FROM mine WHERE received_at >= %(start)s AND received_at < %(end)s GROUP BY office, area
    UNION ALL
    SELECT office, area, 0, count(*), count(*) FILTER (WHERE due_at IS NULL OR resolved_at <= due_at),
           0, 0, 0
    FROM mine WHERE resolved_at >= %(start)s AND resolved_at < %(end)s GROUP BY office, area
    UNION ALL
    SELECT office, area, count(*) FILTER (WHERE action = 'received'),
           count(*) FILTER (WHERE action = 'resolved'),
           count(*) FILTER (WHERE action = 'resolved' AND (due_at IS NULL OR at <= due_at)), 0, 0, 0
    FROM again GROUP BY office, area
    UNION ALL
    -- Open at `to`, in three parts that never meet, each with an index: open to this day, ...
    SELECT office, area, 0, 0, 0, count(*), count(*) FILTER (WHERE due_at < %(end)s),
           count(*) FILTER (WHERE due_at >= %(day)s AND due_at < %(next_day)s)
    FROM mine WHERE received_at < %(end)s AND resolved_at IS NULL AND withdrawn_at IS NULL
    GROUP BY office, area
    UNION ALL
    -- ... resolved later, ...
    SELECT office, area, 0, 0, 0, count(*), count(*) FILTER (WHERE due_at < %(end)s),
           count(*) FILTER (WHERE due_at >= %(day)s AND due_at < %(next_day)s)
    FROM mine WHERE received_at < %(end)s AND resolved_at >= %(end)s
      AND (withdrawn_at IS NULL OR withdrawn_at >= %(end)s)
    GROUP BY office, area
    UNION ALL
    -- ... or withdrawn later.
    SELECT office, area, 0, 0, 0, count(*), count(*) FILTER (WHERE due_at < %(end)s),
           count(*) FILTER (WHERE due_at >= %(day)s AND due_at < %(next_day)s)
    FROM mine WHERE received_at < %(end)s AND resolved_at IS NULL AND withdrawn_at >= %(end)s
    GROUP BY office, area
)
SELECT office, area, sum(received)::bigint AS received, sum(resolved)::bigint AS resolved,
       sum(on_time)::bigint AS on_time, sum(open)::bigint AS open, sum(overdue)::bigint AS overdue,
       sum(due_today)::bigint AS due_today
FROM counted GROUP BY office, area

-- name: page
-- What is open now, what is due first first; the row after the last of a page is its cursor.
SELECT office, dossier, area, received_at, due_at FROM dossiers
WHERE received_at IS NOT NULL AND resolved_at IS NULL AND withdrawn_at IS NULL
  AND (%(office)s::text IS NULL OR office = %(office)s::text)
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
  AND (%(from)s::timestamptz IS NULL OR due_at >= %(from)s::timestamptz)
  AND (%(before)s::timestamptz IS NULL OR due_at < %(before)s::timestamptz)
  AND (%(after_due)s::timestamptz IS NULL
       OR (coalesce(due_at, 'infinity'), office, dossier)
        > (%(after_due)s::timestamptz, %(after_office)s::text, %(after_dossier)s::text))
ORDER BY coalesce(due_at, 'infinity'), office, dossier
LIMIT %(limit)s
