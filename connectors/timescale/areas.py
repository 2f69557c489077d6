"""The administrative units in the database, for those who read it with SQL (dashboards)."""

from __future__ import annotations

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.area import gazetteer

SQL = queries("areas")


def replace_all(conn: Conn) -> None:
    """Store today's units as they are shipped."""
    with conn.cursor() as cursor:
        cursor.executemany(
            SQL["save_area"],
            [
                {
                    "code": area.code,
                    "name": area.full_name,
                    "kind": area.kind.value,
                    "lat": area.lat,
                    "lon": area.lon,
                    "valid_from": area.valid_from,
                }
                for area in gazetteer().areas
            ],
        )
