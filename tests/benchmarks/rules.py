"""What rules cost: 2,000 of a province beside 10, on the same events. See docs/performance.md.

Batches as a worker fetches them, decoded and committed by the worker's own functions in this
process, each time into an empty database, in turn. What is counted is the stage «rules»: finding
the rules of each event, what they remember, and what follows for alarms, without storing those. The
2,000 are of all kinds that are judged event by event, twenty for each of the 92 communes; they look
at every sort of event, so that most events concern some.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from connectors.kafka.producer import Record
from connectors.timescale import offsets, staging
from connectors.timescale.database import connect
from connectors.timescale.migrate import migrate
from ioc import clock
from ioc.area import gazetteer
from ioc.event import Event
from ioc.intake import RECENT_RECORDS
from ioc.rule import RuleSet, load_all
from ioc.topics import EVENT_TOPICS
from streams import batch, evaluate
from tests.benchmarks import meter
from tests.benchmarks.contest import Server, running_postgres
from tests.benchmarks.growth_costs import LOG, PARTITIONS, PLACES, Stages, units
from tests.benchmarks.load import make_load

EVENTS, UNIT_ROWS, ROUNDS = 100_000, 5_000, 3
FEW, MANY = 10, 2_000
#: What was promised for an event in the worker, with the many rules.
FLOOR_US = 50.0
STAGE = "rules"
CAMERA, FIRE, REPORT = "ioc.camera.alert", "ioc.fire.reading", "ioc.citizen.report"
TICKET = "ioc.queue.ticket"
#: A file has at most 1 MiB.
RULES_A_FILE = 500


class Cost(NamedTuple):
    """Microseconds an event in one run: CPU of worker and connection, and the clock's."""

    worker_us: float
    postgres_us: float
    wall_us: float
    whole_us: float
    alarms: int


def of_commune(area: str) -> list[dict[str, Any]]:
    """Return the rules that a commune has asked for, of every kind; the type stands in front."""
    hot = {"value": "value", "above": 39.5, "deadband": 5}
    found: list[dict[str, Any]] = [
        _rule(
            FIRE, "match", {"state": "alarm", "kind": ["smoke", "heat"]}, clear={"state": "restore"}
        ),
        _rule(FIRE, "match", {"state": ["trouble", "test"]}, clear={"state": "restore"}),
        _rule(FIRE, "threshold", {"kind": "temperature"}, threshold={**hot, "on_delay": "5m"}),
        _rule(FIRE, "threshold", threshold={"value": "battery", "below": 0.2, "deadband": 0.1}),
        _rule(
            FIRE,
            "duration",
            {"kind": "temperature", "value": {"gt": 38}},
            duration={"held": "30m"},
            clear={"value": {"le": 37}},
        ),
        _rule(
            CAMERA,
            "count",
            {"label": "crowd"},
            "area",
            count={"n": 40, "within": "5m"},
            silence="10m",
        ),
        _rule(
            CAMERA, "count", {"label": ["smoke", "fire"]}, "area", count={"n": 3, "within": "5m"}
        ),
        _rule(CAMERA, "match", {"label": "intrusion", "score": {"ge": 0.9995}}),
        _rule(CAMERA, "match", {"label": "person", "zones": "hall"}),
        _rule(REPORT, "match", {"emergency": True, "status": ["open", "reopened"]}, "report"),
        _rule(REPORT, "count", {"category": "road"}, "area", count={"n": 50, "within": "1h"}),
        _rule(REPORT, "match", {"category": ["fire", "flood"]}, "area"),
        _rule(TICKET, "count", {"action": "abandoned"}, "office", count={"n": 3, "within": "10m"}),
        _rule(TICKET, "match", {"action": "transferred", "service": "land"}, "office"),
        _rule(
            CAMERA, "match", {"or": [{"label": "fire"}, {"label": "smoke", "score": {"gt": 0.8}}]}
        ),
        _rule(CAMERA, "match", {"label": "loitering"}, schedule={"days": "holidays"}),
        _rule(FIRE, "match", {"data.tampered": True}, latch=True),
        _sequence("area", (FIRE, {"state": "alarm"}), (CAMERA, {"label": ["smoke", "fire"]})),
        _sequence("area", (REPORT, {"category": "fire"}), (FIRE, {"state": "alarm"})),
        _rule(FIRE, "match", {"kind": "gas", "state": "alarm"}),
    ]
    return [{**each, "scope": {"areas": [area]}} for each in found]


def rules(number: int) -> RuleSet:
    """Return so many rules: commune after commune, and then single devices with tags."""
    found = [rule for area in gazetteer().communes for rule in of_commune(area.code)]
    tags = {f"tag-{n}": frozenset(f"sensor-{n * 20 + i:05}" for i in range(20)) for n in range(250)}
    found += [
        {**_rule(FIRE, "match", {"state": "alarm", "kind": "smoke"}), "scope": {"tags": [tag]}}
        for tag in tags
    ]
    named = [{**rule, "id": f"rule-{n}"} for n, rule in enumerate(found[:number])]
    pages = [named[start : start + RULES_A_FILE] for start in range(0, number, RULES_A_FILE)]
    texts = [(f"{n}.yaml", json.dumps({"rules": page})) for n, page in enumerate(pages)]
    return load_all(texts, tags=tags)


def _rule(
    event_type: str,
    kind: str,
    when: Mapping[str, Any] | None = None,
    per: str = "device",
    **more: Any,
) -> dict[str, Any]:
    rule: dict[str, Any] = {"title": "Thử", "title_en": "Test", "type": event_type, "kind": kind}
    rule |= {"per": per, "severity": "low"}
    if when is not None:
        rule["when"] = when
    clear = {"when": more.pop("clear", None), "silence": more.pop("silence", None)}
    if any(clear.values()):
        rule["clear"] = {key: value for key, value in clear.items() if value}
    return {**rule, **more}


def _sequence(per: str, *steps: tuple[str, Mapping[str, Any]]) -> dict[str, Any]:
    found = _rule("", "sequence", per=per)
    del found["type"]
    listed = [{"type": event_type, "when": when} for event_type, when in steps]
    return {**found, "sequence": {"within": "10m", "steps": listed}}


def measure(server: Server, records: Sequence[Record], judged_by: RuleSet, rows: int) -> Cost:
    """Commit everything into an empty database and return what its rules cost an event."""
    with server.database() as url:
        migrate(url)
        memory = batch.Memory(
            dict.fromkeys(EVENT_TOPICS, LOG), judged_by, False, RECENT_RECORDS // PARTITIONS
        )
        with connect(url, "ioc bench") as conn:
            staging.prepare(conn)
            offsets.claim(conn, LOG, dict.fromkeys(PLACES, 0))
            stages, caches, wall = Stages(conn.info.backend_pid), batch.Caches(), Wall()
            made = list(units(records, rows))
            gc.collect()
            gc.freeze()
            with stages.watching(), wall.watching():
                for unit in made:
                    decoded = [batch.decode_batch(each, clock.now()) for each in unit]
                    batch.commit(conn, decoded, memory, caches, clock.now())
            row = conn.execute("SELECT count(*) AS n FROM alarms").fetchone()
    spent = stages.spent[STAGE]
    whole_s = sum(each.ours_s for each in stages.spent.values())
    micros = 1e6 / len(records)
    return Cost(
        spent.ours_s * micros,
        spent.theirs_s * micros,
        wall.spent_s * micros,
        whole_s * micros,
        row["n"] if row else 0,
    )


class Wall:
    """Adds up how long the stage takes by the clock, the database's answers included."""

    def __init__(self) -> None:
        self.spent_s = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Time the stage while the block runs."""
        before = evaluate.transitions

        def timed(*args: Any) -> Any:
            began_s = time.perf_counter()
            try:
                return before(*args)
            finally:
                self.spent_s += time.perf_counter() - began_s

        evaluate.transitions = timed  # type: ignore[assignment]
        try:
            yield
        finally:
            evaluate.transitions = before


def finding(judged_by: RuleSet, records: Sequence[Record], rows: int) -> tuple[float, float]:
    """Return microseconds to find the rules of an event, and how many there are on average."""
    events: list[Event] = [
        row.event
        for unit in units(records, rows)
        for each in unit
        for row in batch.decode_batch(each, clock.now()).events
    ]
    began_s = time.process_time()
    touched = sum(len(judged_by.touched(event)) for event in events)
    spent_s = time.process_time() - began_s
    return spent_s * 1e6 / len(events), touched / len(events)


def _report(costs: Mapping[int, Sequence[Cost]], found: Mapping[int, tuple[float, float]]) -> None:
    print(
        f"\n{'rules':>6} {'find us':>8} {'rules/event':>12} {'worker us':>10}"
        f" {'PostgreSQL us':>14} {'clock us':>9} {'alarms':>7}"
    )
    for number, runs in costs.items():
        find_us, touched = found[number]
        middle = Cost(*(statistics.median(values) for values in zip(*runs, strict=True)))
        print(
            f"{number:>6,} {find_us:>8.2f} {touched:>12.2f} {middle.worker_us:>10.2f}"
            f" {middle.postgres_us:>14.2f} {middle.wall_us:>9.2f} {middle.alarms:>7.0f}"
        )


def main() -> int:
    """Measure and print; 1 when the many rules cost more than what was promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--rows", type=int, default=UNIT_ROWS, help="of one transaction")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    asked = parser.parse_args()
    if platform.system() != "Linux":
        print("the bench reads /proc: it runs on Linux only", file=sys.stderr)
        return 1
    machine = meter.machine()
    print(f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}")
    records = make_load(asked.events, clock.now()).records
    sets = {number: rules(number) for number in (FEW, MANY)}
    found = {number: finding(judged_by, records, asked.rows) for number, judged_by in sets.items()}
    costs: dict[int, list[Cost]] = {number: [] for number in sets}
    with (
        tempfile.TemporaryDirectory(prefix="ioc-rules-") as folder,
        running_postgres(Path(folder) / "postgres") as server,
    ):
        for turn in range(asked.rounds):
            for number, judged_by in sets.items():
                cost = measure(server, records, judged_by, asked.rows)
                costs[number].append(cost)
                print(
                    f"round {turn + 1}, {number:>5,} rules: {cost.worker_us:6.2f} us an event"
                    f" in the worker ({cost.wall_us:.2f} by the clock), {cost.postgres_us:6.2f} in"
                    f" PostgreSQL; of {cost.whole_us:.1f} us for everything",
                    flush=True,
                )
    _report(costs, found)
    many = statistics.median(cost.worker_us for cost in costs[MANY])
    print(f"\n{many:.1f} us an event with {MANY:,} rules; promised are under {FLOOR_US:.0f}")
    return 1 if many >= FLOOR_US else 0


if __name__ == "__main__":
    sys.exit(main())
