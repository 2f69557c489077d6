"""New rules while a process runs: nothing restarts, and what cannot be read changes nothing."""

from __future__ import annotations

import logging
from pathlib import Path

from connectors.timescale import rule_versions
from connectors.timescale.database import Conn
from ioc.rule import RuleError, RuleSet
from ioc.rulebook import as_of

log = logging.getLogger(__name__)

#: No revision is this one: whoever has it reads the rules before he judges anything.
UNREAD = RuleSet(revision=-1)


def reloaded(conn: Conn, known: RuleSet, config_dir: Path | None) -> RuleSet:
    """Return the rules that are in force now; `known` when a wording among those cannot be read.

    Raises:
        ioc.rule.RuleError: it cannot be read, and nothing is known: judging by no rules is worse
            than not judging.
    """
    # Asked first: what is written meanwhile is another revision, and read next time.
    revision = rule_versions.revision(conn)
    try:
        rules = rule_versions.in_force(conn, known, config_dir)
    except RuleError as error:
        if known is UNREAD:
            raise
        # Whoever wrote it has checked it: it is of another version of this product.
        log.error("the old rules stay: %s", error, extra={"action": "refuse_rules"})  # noqa: TRY400
        return as_of(known, revision)
    log.info(
        "%d rules, revision %d",
        len(rules.rules),
        rules.revision,
        extra={"action": "reload_rules"},
    )
    return rules
