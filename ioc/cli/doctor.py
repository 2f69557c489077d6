"""`ioc doctor`: what is wrong, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import typer

from connectors.kafka import topics
from connectors.kafka.tail import true_ends
from connectors.timescale import offsets, rule_versions
from connectors.timescale.database import DatabaseFullError, check_room, connect
from connectors.timescale.offsets import Partition
from ioc import clock
from ioc.clock import LOCAL_ZONE
from ioc.errors import BrokerUnavailableError, ConfigError, DatabaseUnavailableError
from ioc.rule import RuleSet
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS

HELD_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and the next step."""

    what: str
    do: str


def run(settings: Settings, *, drained: bool, accept_gap: bool) -> int:
    """Print what is wrong; return 0 when nothing is (or, for `drained`, nothing is waiting)."""
    try:
        ends = _ends(settings)
        logs = topics.log_ids(settings, EVENT_TOPICS)
        stored = _stored(settings, logs)
        if any(stored.get(key, 0) > end for key, (_, end) in ends.items()):
            ends = _ends(settings)  # read meanwhile; what is beyond these too was never there
    except (BrokerUnavailableError, DatabaseUnavailableError, ConfigError) as error:
        typer.echo(f"- {error}", err=True)
        return 1
    if drained:
        return 0 if all(stored.get(key, 0) >= end for key, (_, end) in ends.items()) else 1
    if accept_gap:
        return _accept_gap(settings, logs, ends, stored)
    findings = _findings(settings, ends, stored)
    for finding in findings:
        typer.echo(f"- {finding.what}\n  {finding.do}")
    if not findings:
        typer.echo("nothing is wrong")
    return 1 if findings else 0


def _ends(settings: Settings) -> dict[Partition, tuple[int, int]]:
    said = topics.ends(settings, EVENT_TOPICS)
    # The embedded broker says too little.
    return said if settings.log_id is None else true_ends(settings, said)


def _stored(settings: Settings, logs: dict[str, str]) -> dict[Partition, int]:
    found: dict[Partition, int] = {}
    with connect(settings.database_url.get_secret_value(), "ioc doctor") as conn:
        for topic, log in logs.items():
            positions = offsets.positions(conn, log)
            found |= {key: next_ for key, next_ in positions.items() if key[0] == topic}
    return found


def _findings(
    settings: Settings, ends: dict[Partition, tuple[int, int]], stored: dict[Partition, int]
) -> list[Finding]:
    findings = []
    for (topic, partition), (start, end) in sorted(ends.items()):
        name = f"{topic}[{partition}]"
        position = stored.get((topic, partition))
        if position is None:
            findings.append(Finding(f"{name} was never read", "Start `ioc worker`."))
        elif position < start:
            findings.append(
                Finding(
                    f"{name} is stored as read up to {position}, but Kafka begins at {start}: "
                    f"{start - position} records are gone",
                    "Restore the topic, or go on without them: `ioc doctor --accept-gap`.",
                )
            )
        elif position > end:
            findings.append(
                Finding(
                    f"{name} is stored as read up to {position}, but Kafka ends at {end}: "
                    f"{position - end} records are gone there, or it is another topic",
                    "Restore the topic, or read it from its beginning: `ioc doctor --accept-gap`.",
                )
            )
        elif position < end:
            findings.append(
                Finding(
                    f"{name} has {end - position} records waiting",
                    "If this does not fall, start more workers or look at their log.",
                )
            )
    with connect(settings.database_url.get_secret_value(), "ioc doctor") as conn:
        held = offsets.held(conn, clock.now() - HELD_WITHIN)
        if not held:
            findings.append(Finding("no worker is alive", "Start `ioc worker`."))
        try:
            check_room(conn)
        except DatabaseFullError as error:
            make_room = "Make room on it; workers wait, lose nothing and go on by themselves."
            findings.insert(0, Finding(str(error), make_room))
        findings += _calendar(rule_versions.in_force(conn, config_dir=settings.config_dir))
    return findings


def _calendar(rules: RuleSet) -> list[Finding]:
    """Say which year to come has only the holidays of a fixed date: due dates would be wrong."""
    year = clock.now().astimezone(LOCAL_ZONE).year
    return [
        Finding(
            f"the days off of {unknown} are not known",
            "Write them into `calendar.yaml`, under `years:`, and run `ioc migrate`.",
        )
        for unknown in rules.calendar.unknown_years(year, year + 1)
    ]


def _accept_gap(
    settings: Settings,
    logs: dict[str, str],
    ends: dict[Partition, tuple[int, int]],
    stored: dict[Partition, int],
) -> int:
    with connect(settings.database_url.get_secret_value(), "ioc doctor") as conn:
        for key, (start, end) in sorted(ends.items()):
            position = stored.get(key)
            if position is not None and not start <= position <= end:
                offsets.skip(conn, logs[key[0]], key, (position, start))
                typer.echo(f"{key[0]}[{key[1]}]: {position} -> {start}")
    return 0
