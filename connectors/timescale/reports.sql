-- name: summary
-- Citizens' reports of [from, to), and how they stood at `to`, in all (category is null) and by
-- category. The table has each report's newest word only: one that was answered after `to` was open
-- then, in progress or not, and counts as open; one that was reopened later is no more among those
-- that were resolved before.
SELECT category,
       count(*) FILTER (WHERE began_at >= %(start)s AND began_at < %(end)s) AS new,
       count(*) FILTER (WHERE is_resolved) AS resolved,
       count(*) FILTER (WHERE is_resolved AND (due_at IS NULL OR status_at <= due_at)) AS on_time,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM status_at - began_at))
           FILTER (WHERE is_resolved AND opened_at IS NOT NULL)::float8 AS resolve_median_s,
       count(*) FILTER (WHERE is_open AND NOT is_taken) AS open,
       count(*) FILTER (WHERE is_open AND is_taken) AS in_progress,
       count(*) FILTER (WHERE is_open AND due_at < %(end)s) AS overdue,
       count(*) FILTER (WHERE is_open AND due_at >= %(end)s AND due_at < %(soon)s) AS due_soon,
       count(*) FILTER (WHERE is_open AND emergency) AS sos_open
FROM (
    SELECT category, opened_at, status_at, due_at, emergency,
           coalesce(opened_at, status_at) AS began_at,
           status = 'resolved' AND status_at >= %(start)s AND status_at < %(end)s AS is_resolved,
           coalesce(opened_at, status_at) < %(end)s
           AND (status IN ('open', 'in_progress', 'reopened') OR status_at >= %(end)s) AS is_open,
           status = 'in_progress' AND status_at < %(end)s AS is_taken
    FROM reports
    WHERE (%(area)s::text IS NULL OR area = %(area)s::text)
      AND (opened_at >= %(start)s OR status_at >= %(start)s
           OR status IN ('open', 'in_progress', 'reopened'))
) AS seen
GROUP BY GROUPING SETS ((), (category))
ORDER BY category IS NOT NULL, new DESC, category
LIMIT %(limit)s

-- name: oldest_overdue
SELECT report, area, category, due_at FROM reports
WHERE due_at < %(end)s
  AND (status IN ('open', 'in_progress', 'reopened') OR status_at >= %(end)s)
  AND coalesce(opened_at, status_at) < %(end)s
  AND (%(area)s::text IS NULL OR area = %(area)s::text)
ORDER BY due_at, report
LIMIT %(limit)s

-- name: area_of
SELECT area FROM reports WHERE report = %(report)s

-- name: reporter
-- The newest word that says who reported; later ones often leave it out.
SELECT data -> 'reporter' ->> 'name' AS name, data -> 'reporter' ->> 'phone' AS phone
FROM events
WHERE ref = %(report)s AND source = 'citizen' AND json_typeof(data -> 'reporter') = 'object'
ORDER BY time DESC LIMIT 1
