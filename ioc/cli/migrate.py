"""`ioc migrate`: schema, reference data, rules and topics."""

from __future__ import annotations

import logging

from connectors.kafka.topics import ensure_topics
from connectors.timescale import areas, rule_versions
from connectors.timescale.database import connect
from connectors.timescale.migrate import migrate
from ioc import clock, rulebook
from ioc.settings import Settings

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Apply what is missing; safe to run again, and by several at once."""
    url = settings.database_url.get_secret_value()
    applied = migrate(url)
    wordings = rulebook.of_site(settings.config_dir)
    with connect(url, "ioc migrate") as conn, conn.transaction():
        areas.replace_all(conn)
        before = rule_versions.filed(conn)
        kept = before if settings.config_dir is None else frozenset()
        changed = rule_versions.follow_files(conn, wordings, kept=kept, now=clock.now())
        gone = before - rule_versions.filed(conn)
    if kept:
        log.warning(
            "IOC_CONFIG_DIR is not set: what files of the site said last stays in force, %s and so"
            " on; to withdraw it, name an empty folder",
            " ".join(min(kept)),
            extra={"action": "keep_rules"},
        )
    if gone:
        names = ", ".join(sorted(" ".join(key) for key in gone))
        log.warning("no file of the site says any more: %s", names, extra={"action": "drop_rules"})
    made = ensure_topics(settings)
    log.info(
        "database: %s; rules: %s; topics: %s",
        ", ".join(applied) or "up to date",
        f"{len(changed)} changed" if changed else "up to date",
        ", ".join(made) or "all there",
        extra={"action": "migrate"},
    )
