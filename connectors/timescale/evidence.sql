-- name: devices
-- What stands near a point, nearest first; a box first, so that most rows cost a comparison only.
-- Plain PostgreSQL has no geography: within a few kilometres the earth is flat.
SELECT source, device, area, lat, lon, last_seen,
       sqrt(((lat - %(lat)s) * %(north_m)s) ^ 2 + ((lon - %(lon)s) * %(east_m)s) ^ 2) AS distance_m
FROM devices
WHERE lat BETWEEN %(lat)s - %(radius_m)s / %(north_m)s AND %(lat)s + %(radius_m)s / %(north_m)s
  AND lon BETWEEN %(lon)s - %(radius_m)s / %(east_m)s AND %(lon)s + %(radius_m)s / %(east_m)s
  AND ((lat - %(lat)s) * %(north_m)s) ^ 2 + ((lon - %(lon)s) * %(east_m)s) ^ 2
      <= %(radius_m)s::double precision ^ 2
  AND (%(area)s::text IS NULL OR area = %(area)s)
ORDER BY distance_m, source, device
LIMIT %(limit)s

-- name: device
SELECT source, device, area, lat, lon, last_seen, NULL::double precision AS distance_m
FROM devices WHERE source = %(source)s AND device = %(device)s

-- name: alarms
-- Open alarms of these devices, the most urgent of each; entered by the index on areas.
SELECT DISTINCT ON (a.source, a.device) a.source, a.device, a.id::text, a.severity, a.state
FROM alarms AS a
JOIN unnest(%(sources)s::text[], %(devices)s::text[]) AS d (source, device) USING (source, device)
WHERE a.ended_at IS NULL AND a.area = ANY (%(areas)s::text[])
ORDER BY a.source, a.device, a.priority, a.raised_at DESC

-- name: events
-- The newest events of each of these devices: a range of time over all events would be the whole
-- province's ten minutes.
SELECT e.time, e.id::text, e.source, e.kind, e.device,
       CASE WHEN e.source = 'fire' THEN e.data ->> 'state' END AS state,
       CASE WHEN e.source = 'camera' THEN e.data ->> 'snapshot_url' END AS snapshot_url
FROM unnest(%(sources)s::text[], %(devices)s::text[]) AS d (source, device)
CROSS JOIN LATERAL (
    SELECT time, id, source, kind, device, data FROM events
    WHERE ref = d.device AND source = d.source AND time >= %(from)s AND time < %(to)s
    ORDER BY time DESC LIMIT %(each)s
) AS e

-- name: reports
-- Reports of citizens that were opened then; where, says the newest of their events that has a point.
SELECT r.report, r.category, r.status, r.emergency, r.opened_at,
       sqrt(((e.lat - %(lat)s) * %(north_m)s) ^ 2 + ((e.lon - %(lon)s) * %(east_m)s) ^ 2) AS distance_m
FROM (
    SELECT report, category, status, emergency, opened_at FROM reports
    WHERE opened_at >= %(from)s AND opened_at < %(to)s
      AND (%(area)s::text IS NULL OR area = %(area)s)
    ORDER BY opened_at DESC LIMIT %(examined)s
) AS r
CROSS JOIN LATERAL (
    SELECT lat, lon FROM events
    WHERE ref = r.report AND source = 'citizen' AND time >= %(from)s AND lat IS NOT NULL
    ORDER BY time DESC LIMIT 1
) AS e
WHERE ((e.lat - %(lat)s) * %(north_m)s) ^ 2 + ((e.lon - %(lon)s) * %(east_m)s) ^ 2
      <= %(radius_m)s::double precision ^ 2
ORDER BY distance_m, r.opened_at DESC, r.report
LIMIT %(limit)s
