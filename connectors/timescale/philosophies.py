"""The philosophy in force: the newest wording in the database, over what is shipped."""

from __future__ import annotations

import logging
from functools import lru_cache

from connectors.timescale.database import Conn
from connectors.timescale.sql import queries
from ioc.philosophy import Philosophy
from ioc.philosophy.reading import load, shipped
from ioc.rule import RuleError

log = logging.getLogger(__name__)

SQL = queries("philosophies")


def newest(conn: Conn) -> Philosophy:
    """Return what the house has decided, as of now."""
    row = conn.execute(SQL["newest"]).fetchone()
    if row is None or row["body"] is None:
        return shipped()
    return _read(row["body"])


@lru_cache(maxsize=8)
def _read(body: str) -> Philosophy:
    # JSON is YAML, so what was checked as a file is read again as it was.
    try:
        return load(f'{{"philosophy": {body}}}', "rule_versions")
    except RuleError as error:
        # Another version of this product has written it. Alarms go on meanwhile, as shipped.
        log.warning("the philosophy in force cannot be read: %s", error)
        return shipped()
