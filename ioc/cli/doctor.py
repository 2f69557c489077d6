"""`ioc doctor`: what is wrong, and what to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import typer

from connectors.embedded.run import is_unsaid, read_run
from connectors.kafka import topics
from connectors.kafka.ping import answers
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
#: Between two looks at what waits; a worker that works stores something within it.
LOOK_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, and the next step."""

    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Look:
    """Where Kafka's partitions begin and end, and what is stored of them, at about one moment."""

    logs: dict[str, str]
    ends: dict[Partition, tuple[int, int]]
    stored: dict[Partition, int]

    def waiting(self) -> dict[Partition, int]:
        """Return how many records wait where some do and none is lost."""
        return {
            key: end - self.stored[key]
            for key, (start, end) in self.ends.items()
            if start <= self.stored.get(key, end) < end
        }

    def is_drained(self) -> bool:
        """Whether everything that Kafka has is stored."""
        return all(self.stored.get(key, 0) >= end for key, (_, end) in self.ends.items())


def run(
    settings: Settings,
    *,
    drained: bool,
    accept_gap: bool,
    pause: Callable[[], None] = lambda: time.sleep(LOOK_AGAIN_S),
) -> int:
    """Print what is wrong; return 0 when nothing is (or, for `drained`, nothing is waiting)."""
    try:
        if away := _away(settings):
            _tell(away, err=True)
            return 1
        look = _look(settings)
        if drained:
            return 0 if look.is_drained() else 1
        if accept_gap:
            return _accept_gap(settings, look)
        standing = look.waiting()
        if standing:
            # On a busy site something always waits; it is wrong only where nothing moves.
            pause()
            before, look = look, _look(settings)
            standing = standing_still(before, look)
        findings = _findings(settings, look, standing)
    except (BrokerUnavailableError, DatabaseUnavailableError, ConfigError) as error:
        typer.echo(f"- {error}", err=True)
        return 1
    _tell(findings)
    if not findings:
        typer.echo("nothing is wrong")
    return 1 if findings else 0


def standing_still(before: Look, now: Look) -> dict[Partition, int]:
    """Return how many records wait now where some waited before and none was stored since."""
    waited = before.waiting()
    return {
        key: records
        for key, records in now.waiting().items()
        if key in waited and now.stored[key] == before.stored[key]
    }


def _tell(findings: Iterable[Finding], *, err: bool = False) -> None:
    for finding in findings:
        typer.echo(f"- {finding.what}\n  {finding.do}", err=err)


def _away(settings: Settings) -> list[Finding]:
    """Look in a moment who does not answer: Kafka's own client would take its whole timeout."""
    findings = []
    if not answers(settings.kafka):
        what = f"Kafka at {settings.kafka} does not answer"
        findings.append(Finding(what, _start_it(settings, "kafka")))
    try:
        connect(settings.database_url.get_secret_value(), "ioc doctor").close()
    except DatabaseUnavailableError as error:
        what = str(error).splitlines()[0]  # the others are the driver's guesses
        findings.append(Finding(what, _start_it(settings, "database_url")))
    return findings


def _start_it(settings: Settings, name: str) -> str:
    setting, folder = f"IOC_{name.upper()}", settings.data_dir.absolute()
    if is_unsaid(settings, name):
        return (
            f"No `ioc up` runs on {folder}, and {setting} is not set: start `ioc up`, name its "
            f"folder with IOC_DATA_DIR, or set {setting}."
        )
    if read_run(settings.data_dir) is not None:
        return f"`ioc up` starts it again; what it says is in {folder / 'logs'}."
    return f"Start it, or set {setting} to where it is; workers wait and lose nothing."


def _look(settings: Settings) -> Look:
    ends = _ends(settings)
    logs = topics.log_ids(settings, EVENT_TOPICS)
    stored = _stored(settings, logs)
    if any(stored.get(key, 0) > end for key, (_, end) in ends.items()):
        ends = _ends(settings)  # read meanwhile; what is beyond these too was never there
    return Look(logs, ends, stored)


def _ends(settings: Settings) -> dict[Partition, tuple[int, int]]:
    said = topics.ends(settings, EVENT_TOPICS)
    # The embedded broker says where the last batch begins, not where it ends.
    return said if settings.log_id is None else true_ends(settings, said)


def _stored(settings: Settings, logs: dict[str, str]) -> dict[Partition, int]:
    found: dict[Partition, int] = {}
    with connect(settings.database_url.get_secret_value(), "ioc doctor") as conn:
        for topic, log in logs.items():
            positions = offsets.positions(conn, log)
            found |= {key: next_ for key, next_ in positions.items() if key[0] == topic}
    return found


def _findings(settings: Settings, look: Look, standing: dict[Partition, int]) -> list[Finding]:
    findings = []
    for (topic, partition), (start, end) in sorted(look.ends.items()):
        name = f"{topic}[{partition}]"
        position = look.stored.get((topic, partition))
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
        elif (topic, partition) in standing:
            findings.append(
                Finding(
                    f"{name} has {standing[topic, partition]} records waiting",
                    f"None was stored within {LOOK_AGAIN_S:g} s: look at the log of the workers, "
                    "or start more of them.",
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


def _accept_gap(settings: Settings, look: Look) -> int:
    with connect(settings.database_url.get_secret_value(), "ioc doctor") as conn:
        for key, (start, end) in sorted(look.ends.items()):
            position = look.stored.get(key)
            if position is not None and not start <= position <= end:
                offsets.skip(conn, look.logs[key[0]], key, (position, start))
                typer.echo(f"{key[0]}[{key[1]}]: {position} -> {start}")
    return 0
