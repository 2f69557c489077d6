-- name: save_area
INSERT INTO areas (code, name, kind, lat, lon, valid_from)
VALUES (%(code)s, %(name)s, %(kind)s, %(lat)s, %(lon)s, %(valid_from)s)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, kind = excluded.kind, lat = excluded.lat,
    lon = excluded.lon, valid_from = excluded.valid_from
