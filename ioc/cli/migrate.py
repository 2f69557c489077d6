"""`ioc migrate`: schema, reference data and topics."""

from __future__ import annotations

import logging

from connectors.kafka.topics import ensure_topics
from connectors.timescale import areas, rules
from connectors.timescale.database import connect
from connectors.timescale.migrate import migrate
from ioc import clock
from ioc.rule import in_force
from ioc.settings import Settings

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Apply what is missing; safe to run again, and by several at once."""
    url = settings.database_url.get_secret_value()
    applied = migrate(url)
    with connect(url, "ioc migrate") as conn, conn.transaction():
        areas.replace_all(conn)
        rules.replace_all(conn, in_force(settings.config_dir), clock.now())
    made = ensure_topics(settings)
    log.info(
        "database: %s; topics: %s",
        ", ".join(applied) or "up to date",
        ", ".join(made) or "all there",
        extra={"action": "migrate"},
    )
