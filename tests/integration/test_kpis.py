"""Every figure of `/kpis` beside a recount of the alarm log in plain Python."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.timescale import alarms, kpis, rule_versions
from connectors.timescale.database import Conn, Database
from connectors.timescale.kpis import Scope
from ioc import alarm as life
from ioc import clock, kpi, rulebook
from ioc.alarm import Alarm, ClosingCode, Hidden, NotAllowed, State, Transition
from ioc.clock import LOCAL_ZONE
from ioc.kpi import Counts
from ioc.philosophy.reading import shipped
from ioc.rule import Clear, Raise, load
from tests.api_server import running_api

Log = Sequence[Mapping[str, Any]]

BASE = datetime(2026, 11, 20, 16, 53, 20, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86_400))
FLEETING = 10 * SECOND
HIDDEN = {"shelved", "suppressed", "out_of_service"}
RULES = load(
    """
rules:
  - {id: mild, title: t, title_en: t, type: ioc.fire.reading, kind: match, when: {state: alarm},
     per: device, severity: low, clear: {when: {state: restore}}}
  - {id: grave, title: t, title_en: t, type: ioc.fire.reading, kind: match, when: {state: alarm},
     per: device, severity: critical, acknowledge: false, clear: {when: {state: restore}}}
""",
    "test.yaml",
).by_id
#: Rule, device and area of what may alarm.
ACTORS = (("mild", "d-1", "05443"), ("mild", "d-2", "02143"), ("grave", "d-1", "05443"))
MOVES = ("raise", "raise", "clear", "clear", "acknowledge", "shelve", "unshelve", "close_true")
MORE_MOVES = ("close_false", "comment", "remind", "suppress", "unsuppress")
WORK = Hidden(State.SUPPRESSED, ({"id": "w", "kind": "maintenance", "reason": "r", "by": "l",
                                 "until": None},))  # fmt: skip
UNEXPLAINED = Hidden(State.SUPPRESSED, ())


@dataclass(frozen=True)
class Reading:
    time: datetime
    device: str
    area: str
    ce_id: str
    received_at: datetime
    ce_source: str = "/sia/1"
    source: str = "fire"
    type: str = "ioc.fire.reading"
    kind: str = "smoke"
    severity: str | None = None
    data: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """One thing that happens: `gap` after the one before; the event is `late` then."""

    actor: int
    move: str
    gap: timedelta
    late: timedelta


GAPS = [0 * SECOND, SECOND, 9 * SECOND, 10 * SECOND, MINUTE, 10 * MINUTE, 3 * HOUR, 25 * HOUR]
DONE = st.builds(
    Done,
    st.integers(0, len(ACTORS) - 1),
    st.sampled_from((*MOVES, *MORE_MOVES)),
    st.sampled_from(GAPS),
    st.sampled_from([0 * SECOND, 3 * SECOND, HOUR]),
)
#: Much at one moment, so that limits of ten and thirty are met.
BURST = st.lists(
    st.builds(
        Done,
        st.integers(0, len(ACTORS) - 1),
        st.sampled_from(["raise", "clear", "close_true", "close_false"]),
        st.sampled_from([SECOND, 15 * SECOND]),
        st.just(0 * SECOND),
    ),
    min_size=30,
    max_size=50,
)


def moved(current: Alarm | None, done: Done, n: int, now: datetime) -> Transition | None:
    """Return what one thing does; None when it does nothing or is not allowed."""
    rule, device, area = ACTORS[done.actor]
    fact = Reading(now - done.late, device, area, f"e-{n}", now)
    if done.move == "raise":
        return life.raised(current, Raise(RULES[rule], device, fact.time, fact), now)
    if done.move == "clear":
        return life.returned(current, Clear(RULES[rule], device, fact.time, fact), now)
    if current is None or not current.is_open:
        return None
    moves = {
        "acknowledge": lambda: life.acknowledge(current, "lan", now),
        "shelve": lambda: life.shelve(current, now + HOUR, "lan", now, "quá nhiều"),
        "unshelve": lambda: life.unshelve(current, "lan", now),
        "close_true": lambda: life.close(current, ClosingCode.TRUE, "lan", now, "x"),
        "close_false": lambda: life.close(current, ClosingCode.FALSE, "lan", now, "x"),
        "comment": lambda: life.comment(current, "x", "lan", now),
        "remind": lambda: life.acknowledgement_expired(current, now),
        "suppress": lambda: life.suppress(current, now, WORK if n % 2 else UNEXPLAINED),
        "unsuppress": lambda: life.unsuppress(current, now),
    }
    try:
        return moves[done.move]()
    except NotAllowed:
        return None


def tell(conn: Conn, story: Sequence[Done]) -> datetime:
    """Let things happen; return when the last one did."""
    now = BASE
    current: dict[int, Alarm] = {}
    for n, done in enumerate(story):
        now += done.gap
        step = moved(current.get(done.actor), done, n, now)
        if step is not None:
            current[done.actor] = step.alarm
            with conn.transaction():
                alarms.apply(conn, [step])
    return now


def emptied(conn: Conn) -> None:
    """Forget every alarm, and have a position for one commune and one for the rest."""
    conn.execute(
        "DELETE FROM alarms; DELETE FROM alarm_log; DELETE FROM timers; DELETE FROM floods;"
        "DELETE FROM positions;"
        "INSERT INTO positions VALUES ('city', 'c', 'c', 0, ARRAY['05443'], NULL),"
        "('main', 'm', 'm', 1, NULL, NULL)"
    )


# The recount --------------------------------------------------------------------------------------


@dataclass
class Recount:
    """The same figures, from all rows of the log, one by one."""

    log: Log
    start: datetime
    end: datetime
    floods: Sequence[tuple[datetime, datetime]]

    @property
    def inside(self) -> Log:
        return [each for each in self.log if self.start <= each["at"] < self.end]

    @property
    def rings(self) -> Log:
        return [
            each
            for each in self.inside
            if each["to_state"] == "unacknowledged"
            and each["from_state"] != "unacknowledged"
            and each["type"] != "unacknowledged"
        ]

    def lives(self) -> Iterator[Log]:
        found: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for each in self.log:
            if each["at"] < self.end:
                found[each["alarm_id"]].append(each)
        yield from found.values()

    def per_step(self, step: timedelta) -> Counter[int]:
        return Counter(
            (each["at"] - datetime(2000, 1, 1, tzinfo=UTC)) // step for each in self.rings
        )

    def active(self) -> list[tuple[Mapping[str, Any], datetime, Mapping[str, Any] | None]]:
        """Return (first entry, until, entry that ended it) of every time an alarm was active."""
        found: list[tuple[Mapping[str, Any], datetime, Mapping[str, Any] | None]] = []
        for steps in self.lives():
            begun: Mapping[str, Any] | None = None
            for each in steps:
                if begun is None and each["type"] == "raised":
                    begun = each
                elif begun is not None and (
                    each["type"] == "returned" or each["to_state"] == "normal"
                ):
                    found.append((begun, each["at"], each))
                    begun = None
            if begun is not None:
                found.append((begun, self.end, None))
        return [(first, until, last) for first, until, last in found if until > self.start]

    def stale(self) -> int:
        days: dict[date, set[Any]] = defaultdict(set)
        for first, until, _ in self.active():
            at = max(first["at"] + DAY, self.start)
            while at < until:
                days[at.astimezone(LOCAL_ZONE).date()].add(first["alarm_id"])
                at += MINUTE * 10
            if first["at"] + DAY < until:
                last = until - timedelta(microseconds=1)
                days[last.astimezone(LOCAL_ZONE).date()].add(first["alarm_id"])
        return max(map(len, days.values()), default=0)

    def fleeting(self) -> int:
        return len(
            {
                (first["rule"], first["key"])
                for first, _, last in self.active()
                if last is not None
                and last["type"] == "returned"
                and last["at"] >= self.start
                and timedelta(0) <= last["event_at"] - first["event_at"] < FLEETING
            }
        )

    def unknown_most_s(self) -> float:
        most = 0.0
        for steps in self.lives():
            since: datetime | None = None
            for each in [*steps, {"at": self.end, "to_state": "the end"}]:
                is_unknown = each["to_state"] in {"unacknowledged", "returned"}
                if since is not None and not is_unknown:
                    if each["at"] > self.start:
                        most = max(most, (each["at"] - since).total_seconds())
                    since = None
                elif since is None and is_unknown:
                    since = each["at"]
        return most

    def answers(self) -> dict[int, list[float]]:
        found: dict[int, list[float]] = defaultdict(list)
        every_ring = {
            each["seq"]
            for each in Recount(self.log, datetime.min.replace(tzinfo=UTC), self.end, ()).rings
        }
        for steps in self.lives():
            rung_at = None
            for each in steps:
                if each["seq"] in every_ring:
                    rung_at = each["at"]
                if each["type"] == "acknowledged" and each["at"] >= self.start and rung_at:
                    found[each["alarm"]["priority"]].append((each["at"] - rung_at).total_seconds())
        return found

    def state_at_end(self) -> Counter[str]:
        return Counter(steps[-1]["to_state"] for steps in self.lives())

    def reminders(self) -> int:
        n = Counter(each["alarm_id"] for each in self.inside if each["type"] == "reminder")
        return max(n.values(), default=0)

    def hushed(self) -> int:
        return sum(
            each["to_state"] in HIDDEN
            and each["to_state"] != each["from_state"]
            and not each["by"]
            and not each["alarm"]["hidden_by"]
            for each in self.inside
        )

    def closings(self, *names: str) -> dict[tuple[str, ...], Counter[str]]:
        found: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for each in self.inside:
            if each["type"] == "closed":
                found[tuple(each[name] for name in names)][each["alarm"]["closing_code"]] += 1
        return found

    def flood_seconds(self) -> float:
        seconds = 0.0
        at = self.start
        while at < self.end:
            seconds += any(since <= at < until for since, until in self.floods)
            at += SECOND
        return seconds


def check(counts: Counts, recount: Recount) -> None:
    rings = recount.rings
    assert counts.rings == len(rings)
    assert counts.rings_last_10m == sum(each["at"] > recount.end - 10 * MINUTE for each in rings)
    times = [each["at"] for each in rings]
    assert counts.most_in_10m == max(
        (sum(last - 10 * MINUTE < at <= last for at in times) for last in times), default=0
    )
    assert counts.periods == Counter(recount.per_step(10 * MINUTE).values())
    assert counts.hours == Counter(recount.per_step(HOUR).values())
    assert counts.priorities == Counter(each["alarm"]["priority"] for each in rings)
    actors = Counter((each["rule"], each["key"]) for each in rings)
    best = sorted(actors.items(), key=lambda actor: (-actor[1], actor[0]))[:10]
    assert [((actor.rule, actor.key), actor.n) for actor in counts.actors] == best
    assert counts.stale == recount.stale()
    assert counts.fleeting == recount.fleeting()
    longest = ((until - first["at"]).total_seconds() for first, until, _ in recount.active())
    assert counts.active_most_s == pytest.approx(max(longest, default=0))
    assert counts.unknown_most_s == pytest.approx(recount.unknown_most_s())
    at_end = recount.state_at_end()
    assert counts.standing == at_end["unacknowledged"] + at_end["acknowledged"]
    assert counts.shelved == at_end["shelved"]
    assert counts.reminders_most == recount.reminders()
    assert counts.unauthorised_suppression == recount.hushed()
    answers = recount.answers()
    assert {each.priority: each.n for each in counts.answers} == {
        priority: len(found) for priority, found in answers.items()
    }
    for each in counts.answers:
        assert each.p50_s == pytest.approx(statistics.median(answers[each.priority]))
        assert each.p90_s == pytest.approx(percentile(answers[each.priority], 0.9))
    assert {each.of: each.codes for each in counts.by_rule} == recount.closings("rule")
    assert {each.of: each.codes for each in counts.by_device} == recount.closings(
        "source", "device"
    )


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def of_scope(log: Log, position: str | None, area: str | None) -> Log:
    def belongs(each: Mapping[str, Any]) -> bool:
        here = "city" if each["area"] == "05443" else "main"
        return (position is None or here == position) and (area is None or each["area"] == area)

    return [each for each in log if belongs(each)]


def read_log(conn: Conn) -> Log:
    return conn.execute("SELECT * FROM alarm_log ORDER BY seq").fetchall()


# The tests ----------------------------------------------------------------------------------------


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    story=st.one_of(st.lists(DONE, max_size=40), BURST),
    since=st.sampled_from([-HOUR, 0 * SECOND, 10 * MINUTE, 26 * HOUR]),
    until=st.sampled_from([-10 * MINUTE, 0 * SECOND, SECOND, 30 * HOUR]),
    position=st.sampled_from([None, None, "city", "main"]),
    area=st.sampled_from([None, None, "05443"]),
)
def test_every_figure_is_that_of_a_recount(
    database: Database,
    story: list[Done],
    since: timedelta,
    until: timedelta,
    position: str | None,
    area: str | None,
) -> None:
    with database.reading() as conn:
        emptied(conn)
        last = tell(conn, story)
        start = BASE + since
        end = max(last + until, start + SECOND)
        counts = kpis.counts(conn, Scope(start, end, position, area), FLEETING)
        log = of_scope(read_log(conn), position, area)
    check(counts, Recount(log, start, end, counts.floods))


def test_the_edges_of_the_rolling_ten_minutes(database: Database) -> None:
    """Two rings exactly ten minutes apart are never in one window, a microsecond less is."""
    for gap, most in ((10 * MINUTE, 1), (10 * MINUTE - timedelta(microseconds=1), 2)):
        with database.reading() as conn:
            emptied(conn)
            nothing = 0 * SECOND
            end = tell(conn, [Done(0, "raise", MINUTE, nothing), Done(2, "raise", gap, nothing)])
            counts = kpis.counts(conn, Scope(BASE, end + SECOND), FLEETING)
        assert counts.most_in_10m == most


def test_time_in_flood_is_of_the_position_and_counted_once(database: Database) -> None:
    with database.reading() as conn:
        emptied(conn)
        for position, begun, ended in (
            ("main", -HOUR, 10 * MINUTE),
            ("city", 5 * MINUTE, 20 * MINUTE),
            ("city", 50 * MINUTE, None),
        ):
            conn.execute(
                "INSERT INTO floods (id, position, began_at, ended_at) VALUES (%s, %s, %s, %s)",
                [uuid4(), position, BASE + begun, ended and BASE + ended],
            )
        for scope, seconds in (
            (Scope(BASE, BASE + HOUR), 1800),
            (Scope(BASE, BASE + HOUR, "main"), 600),
            (Scope(BASE, BASE + HOUR, "city"), 1500),
        ):
            counts = kpis.counts(conn, scope, FLEETING)
            assert kpi.flooded(counts.floods).total_seconds() == seconds
            assert Recount([], scope.start, scope.end, counts.floods).flood_seconds() == seconds


def test_what_is_known_begins_with_the_first_event_or_an_alarm_of_before(
    database: Database,
) -> None:
    scope = Scope(BASE - 30 * DAY, BASE + DAY)
    with database.reading() as conn:
        emptied(conn)
        conn.execute("DELETE FROM counts_1m")
        tell(conn, [Done(0, "raise", MINUTE, 0 * SECOND)])
        assert kpis.counts(conn, scope, FLEETING).since is None, "nobody counted events"
        for minute, since in ((BASE, BASE), (BASE + HOUR, BASE + MINUTE)):
            conn.execute("DELETE FROM counts_1m")
            conn.execute("INSERT INTO counts_1m VALUES (%s, 1, 0, 1)", [minute])
            assert kpis.counts(conn, scope, FLEETING).since == since


def test_a_change_of_a_rule_that_nobody_answers_for_is_counted(database: Database) -> None:
    with database.transaction() as conn:
        rule_versions.follow_files(conn, rulebook.of_site(None), now=BASE)
        scope = Scope(BASE, BASE + HOUR)
        assert kpis.counts(conn, scope, FLEETING).unauthorised_changes == 0
        conn.execute("UPDATE rule_versions SET why = ' ' WHERE id = 'sos'")
        assert kpis.counts(conn, scope, FLEETING).unauthorised_changes == 1
        assert kpis.counts(conn, Scope(BASE - DAY, BASE), FLEETING).unauthorised_changes == 0


def test_the_api_answers_every_row_with_its_edition(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    story = [
        Done(n % 2, "raise" if n % 4 < 2 else "close_false", SECOND, 0 * SECOND) for n in range(8)
    ]
    with database.reading() as conn:
        end = tell(conn, story)
    with running_api(database_url, "127.0.0.1:1", tmp_path) as client:
        answer = asked(client, **{"from": BASE.isoformat(), "to": (end + HOUR).isoformat()})
        assert {row["name"] for row in answer["rows"]} >= set(shipped().targets)
        assert all(row["edition"] for row in answer["rows"])
        values = {row["name"]: row["value"] for row in answer["rows"]}
        assert values["AlarmCount"] == 4
        assert [actor["n"] for actor in answer["top_10"]] == [2, 2]
        (precision,) = answer["precision_by_rule"]
        assert (precision["rule"], precision["precision"]) == ("mild", 0.0)
        assert answer["positions"][0]["id"] == "main"
        assert asked(client)["rows"], "without a range: the last 30 days"
        for wrong in (
            {"from": "2026-11-22T00:00:00Z", "to": "2026-11-21T00:00:00Z"},
            {"from": "2020-01-01T00:00:00Z", "to": "2026-11-21T00:00:00Z"},
            {"to": "0001-01-01T00:00:00Z"},
            {"position": "nobody"},
            {"area": "99999"},
        ):
            assert client.get("/api/v1/kpis", params=wrong).status_code == 400, wrong


def test_what_cannot_be_counted_in_time_is_said_and_not_tried_again_at_once(
    database_url: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.kpis.READ_TIMEOUT_MS", 500)
    with running_api(database_url, "127.0.0.1:1", tmp_path) as client:
        with database.transaction() as conn:
            conn.execute("LOCK TABLE alarm_log IN ACCESS EXCLUSIVE MODE")
            answer = client.get("/api/v1/kpis")
            assert (answer.status_code, answer.json()["code"]) == (400, "too_broad")
        assert client.get("/api/v1/kpis").status_code == 400, "for twenty times as long"
        assert asked(client, area="05443")["rows"], "another question"


def asked(client: httpx.Client, **query: str) -> dict[str, Any]:
    answer = client.get("/api/v1/kpis", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_year_of_alarms_is_counted_in_seconds(database: Database) -> None:
    """A hundred thousand steps; the bound is generous, a plan that is quadratic would not end."""
    with database.reading() as conn:
        emptied(conn)
        tell(
            conn, [Done(0, "raise", SECOND, 0 * SECOND), Done(0, "acknowledge", SECOND, 0 * SECOND)]
        )
        conn.execute(
            """INSERT INTO alarm_log (seq, alarm_id, at, type, from_state, to_state, by, alarm,
                   annunciated, event_at, priority, rule, key, source, area, device)
               SELECT nextval('alarm_log_seq'), gen_random_uuid(), at + n * interval '5 minutes',
                   type, from_state, to_state, by, alarm, annunciated, event_at, priority, rule,
                   key || (n % 500), source, area, device
               FROM alarm_log, generate_series(1, 50000) AS n"""
        )
        conn.execute("ANALYZE alarm_log")
        begun = clock.now()
        counts = kpis.counts(conn, Scope(BASE, BASE + 400 * DAY, "city", "05443"), FLEETING)
    assert counts.rings == 50_001
    assert (clock.now() - begun).total_seconds() < 60
