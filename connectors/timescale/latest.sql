-- name: see_devices
-- Only a device that was heard later, or first heard earlier, is written.
INSERT INTO devices (source, device, area, lat, lon, first_seen, last_seen)
SELECT source, device, area, lat, lon, first_seen, last_seen
FROM staged_devices
ON CONFLICT (source, device) DO UPDATE SET
    area = CASE WHEN excluded.last_seen >= devices.last_seen
        THEN excluded.area ELSE devices.area END,
    lat = CASE WHEN excluded.last_seen >= devices.last_seen
        THEN coalesce(excluded.lat, devices.lat) ELSE coalesce(devices.lat, excluded.lat) END,
    lon = CASE WHEN excluded.last_seen >= devices.last_seen
        THEN coalesce(excluded.lon, devices.lon) ELSE coalesce(devices.lon, excluded.lon) END,
    first_seen = least(devices.first_seen, excluded.first_seen),
    last_seen = greatest(devices.last_seen, excluded.last_seen)
WHERE excluded.last_seen > devices.last_seen OR excluded.first_seen < devices.first_seen

-- name: hear_reports
-- The newest word wins whatever order they come in; at the same instant the larger identity, and of
-- two due dates the later.
INSERT INTO reports (report, area, category, status, status_at, opened_at, due_at, due_set_at,
    emergency, event_id)
SELECT report, area, category, status, status_at, opened_at, due_at, due_set_at, emergency,
    event_id
FROM staged_reports
ON CONFLICT (report) DO UPDATE SET
    (area, category, status, status_at, event_id) =
        (SELECT w.area, w.category, w.status, w.status_at, w.event_id FROM (VALUES
            (excluded.area, excluded.category, excluded.status, excluded.status_at,
             excluded.event_id),
            (reports.area, reports.category, reports.status, reports.status_at, reports.event_id)
         ) AS w (area, category, status, status_at, event_id)
         ORDER BY w.status_at DESC, w.event_id DESC LIMIT 1),
    opened_at = least(reports.opened_at, excluded.opened_at),
    due_at = CASE WHEN reports.due_set_at IS NULL OR excluded.due_set_at > reports.due_set_at
        THEN excluded.due_at
        WHEN excluded.due_set_at = reports.due_set_at THEN greatest(excluded.due_at, reports.due_at)
        ELSE reports.due_at END,
    due_set_at = greatest(reports.due_set_at, excluded.due_set_at),
    emergency = reports.emergency OR excluded.emergency
