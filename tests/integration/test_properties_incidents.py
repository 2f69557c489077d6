"""Incidents are the same however their alarms come (docs/incidents.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.timescale.database import Database
from ioc.incident import MIDDLE, Evidence, IncidentRule, components, judged
from ioc.philosophy import ChatterLimits, Philosophy
from ioc.rule import RuleSet, load
from ioc.settings import Settings
from ioc.severity import Severity
from streams.handlers import handlers_of
from streams.timers import run_due
from tests.incident_world import DOUBLE_KNOCK, POWER_CHAIN
from tests.integration.telling import (
    NOW,
    Copy,
    JsonObject,
    Rows,
    Store,
    copies,
    in_order_of_arrival,
    in_order_of_rank,
    moments,
    plainly,
)

#: What raises for each family, with a word that ends it again.
SITE = """
rules:
  - {id: camera-fire, title: "Cháy", title_en: "Fire", type: ioc.camera.alert, kind: match,
     when: {label: [fire, smoke], phase: new}, per: device, severity: medium,
     clear: {when: {phase: end}, silence: 20m}}
  - {id: fire-alarm, title: "Báo cháy", title_en: "Fire alarm", type: ioc.fire.reading, kind: match,
     when: {state: alarm}, per: device, severity: high, clear: {when: {state: restore}}}
  - {id: sos, title: "Khẩn cấp", title_en: "Emergency", type: ioc.citizen.report, kind: match,
     when: {emergency: true}, per: report, severity: low}
  - {id: power-out, title: "Mất điện", title_en: "No power", type: ioc.fire.reading, kind: match,
     when: {state: trouble}, per: device, severity: medium, clear: {when: {state: normal}}}
  - {id: silent-camera, title: "Mất", title_en: "Silent", type: ioc.camera.alert, kind: match,
     when: {label: offline}, per: device, severity: low}
"""
INCIDENTS: tuple[IncidentRule, ...] = (
    DOUBLE_KNOCK,
    POWER_CHAIN,
    IncidentRule(
        id="fires-of-a-commune",
        title="{alarms}",
        title_en="{alarms} in {area}",
        of=DOUBLE_KNOCK.of,
        on="area",
        time=timedelta(minutes=15),
        least=3,
    ),
)
#: Chattering holds back what rings; what is evidence it does not.
RULES = RuleSet(
    load(SITE, "site.yaml").rules,
    incidents=INCIDENTS,
    philosophy=Philosophy(chattering=ChatterLimits(is_on=False)),
)
DELAYS = st.sampled_from([timedelta(minutes=n) for n in (0, 0, -4, 1, 10, 30, 59)])
BOUNDED = settings(
    deadline=None,
    max_examples=45,
    # The fixture is one database for all examples; each begins with emptying it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

#: The pool's threads roll dice too, perhaps while Hypothesis draws; it takes that for ours.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module")

Order = Callable[[Sequence[JsonObject], Sequence[Copy]], list[Copy]]

#: Some 250 m apart, so that the middle one joins the others.
POINTS = [{"lat": MIDDLE[0] + n * 0.00225, "lon": MIDDLE[1]} for n in range(3)]
_POINT = st.sampled_from([*POINTS, *POINTS, {}])
_DATA = {
    "ioc.camera.alert": st.fixed_dictionaries(
        {
            "label": st.sampled_from(["fire", "smoke", "offline"]),
            "phase": st.sampled_from(["new", "new", "end"]),
        }
    ),
    "ioc.fire.reading": st.fixed_dictionaries(
        {
            "kind": st.just("smoke"),
            "state": st.sampled_from(["alarm", "alarm", "restore", "trouble", "normal"]),
        }
    ),
    "ioc.citizen.report": st.fixed_dictionaries(
        {
            "report": st.sampled_from(["r1", "r2"]),
            "category": st.just("fire"),
            "status": st.just("open"),
            "emergency": st.just(value=True),
        }
    ),
}


def _event(kind: str) -> st.SearchStrategy[JsonObject]:
    data = st.builds(lambda one, place: {**one, **place}, _DATA[kind], _POINT)
    return st.fixed_dictionaries(
        {
            "specversion": st.just("1.0"),
            "type": st.just(kind),
            "source": st.just("/a"),
            "id": st.integers(0, 99).map(str),
            "time": moments(60).map(lambda at: at.isoformat()),
            "area": st.sampled_from(["05443", "05443", "02143"]),
            "device": st.sampled_from(["d1", "d2", "d3"]),
            "data": data,
        }
    )


EVENTS = st.lists(
    st.sampled_from(sorted(_DATA)).flatmap(_event),
    min_size=2,
    max_size=12,
    unique_by=lambda event: (event["id"], event["time"]),
)


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    opened = Store.opened(database.url, RULES)
    yield opened
    opened.conn.close()


def told_and_linked(
    store: Store, database: Database, told: list[JsonObject], way: list[Copy]
) -> dict[str, Any]:
    """Tell it, and let run what is due."""
    store.empty()
    store.tell(told, way)
    handlers = handlers_of(Settings(retention_days=None), RULES)
    handlers = {kind: act for kind, act in handlers.items() if kind == "incident"}
    while run_due(database, handlers, NOW):
        pass
    return ended(store)


def ended(store: Store) -> dict[str, Any]:
    """Return what is promised for any order."""
    return {
        "incidents": store.rows(
            "SELECT rule, title, severity, area, lat, lon, radius_m, sources, alarms, began_at,"
            " last_at, state FROM incidents WHERE state <> 'merged'"
        ),
        "evidence": store.rows(
            "SELECT e.incident_rule, e.rule, e.key, e.severity, e.area, e.place, e.from_at,"
            " e.to_at, e.n, min(e.from_at::text || e.place || e.rule || e.key)"
            " OVER (PARTITION BY e.cluster), i.id IS NOT NULL"
            " FROM evidence AS e LEFT JOIN incidents AS i ON i.id = e.cluster"
        ),
        "alarms": store.rows(
            "SELECT a.rule, a.key, i.rule, i.began_at FROM alarms AS a"
            " LEFT JOIN incidents AS i ON i.id = a.incident_id"
        ),
    }


def clusters(store: Store, rule: IncidentRule) -> set[frozenset[Evidence]]:
    """Return the components that the database has kept."""
    found: dict[Any, set[Evidence]] = {}
    query = (
        "SELECT cluster, incident_rule, alarm_id, rule, key, source, severity, area, place, x_m,"
        " y_m, from_at, to_at, links, n FROM evidence WHERE incident_rule = %s"
    )
    for row in store.conn.execute(query, [rule.id]):
        cluster = row.pop("cluster")
        found.setdefault(cluster, set()).add(
            Evidence(**{**row, "severity": Severity(row["severity"])})
        )
    return {frozenset(each) for each in found.values()}


def check(
    store: Store, database: Database, told: list[JsonObject], data: st.DataObject, order: Order
) -> None:
    drawn = data.draw(copies(len(told), DELAYS), label="copies")
    way = order(told, drawn)
    expected = told_and_linked(store, database, told, plainly(told))
    assert told_and_linked(store, database, told, way) == expected
    for rule in INCIDENTS:
        kept = clusters(store, rule)
        evidence = [piece for each in kept for piece in each]
        assert kept == set(components(rule, evidence))
        amounts = [found for each in kept if (found := judged(rule, list(each)))]
        rows = store.rows(
            "SELECT rule, severity, began_at, last_at, sources, alarms, area, lat, lon, radius_m"
            " FROM incidents WHERE state <> 'merged'"
        )
        assert sorted(map(repr, _as_rows(rule, amounts))) == [
            repr(row) for row in rows if row[0] == rule.id
        ]


def _as_rows(rule: IncidentRule, amounts: Sequence[Any]) -> Rows:
    return [
        (
            *(rule.id, each.severity.value, each.began_at, each.last_at, list(each.sources)),
            *(each.alarms, each.area, each.lat, each.lon, each.radius_m),
        )
        for each in amounts
    ]


@BOUNDED
@given(told=EVENTS, data=st.data())
def test_incidents_are_the_same_in_any_order(
    store: Store, database: Database, told: list[JsonObject], data: st.DataObject
) -> None:
    check(store, database, told, data, in_order_of_rank)


@BOUNDED
@given(told=EVENTS, data=st.data())
def test_incidents_are_the_same_however_late_their_events_come(
    store: Store, database: Database, told: list[JsonObject], data: st.DataObject
) -> None:
    check(store, database, told, data, in_order_of_arrival)
