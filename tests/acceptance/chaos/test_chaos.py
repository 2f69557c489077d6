"""The chaos run itself: its plan, that its comparisons can fail, and a short run of everything."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.chaos import compare, reference, reference_alarms
from tests.acceptance.chaos.alarming import Alarming
from tests.acceptance.chaos.places import Places
from tests.acceptance.chaos.plan import FIRST, FULL, LAST, SESSION_TIMEOUT_S, Kind, Plan
from tests.acceptance.chaos.records import Copy
from tests.acceptance.chaos.rules import FULL as FULL_PACE
from tests.acceptance.chaos.rules import SHORT
from tests.acceptance.chaos.run import arrivals, run
from tests.acceptance.chaos.traffic import Arrival, Traffic
from tests.acceptance.receiver import Received

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
EVENTS = 6_000


@pytest.fixture(scope="module")
def places() -> Places:
    return Places()


def copy_of(number: int, at_s: float, late_s: float = 1.0, partition: int = 0, **data: Any) -> Copy:
    """Return a fire reading of one panel; `number` is its id and its offset."""
    at = NOON + timedelta(seconds=at_s)
    said = {"kind": "smoke", "state": "alarm"} | data
    place = ("ioc.fire.v1", partition, number)
    received_at = at + timedelta(seconds=late_s)
    return Copy(
        *(place, received_at, at, "ioc.fire.reading", "/alarm", f"{number}", "05443"),
        *("panel", said),
    )


def judge(*copies: Copy, waited_s: float = 1.0) -> list[reference_alarms.Judged]:
    """Return what the reference says of them in this order, an hour later."""
    rules = reference_alarms.rules(FULL_PACE)
    later = NOON + timedelta(hours=1)
    return reference_alarms.judged(copies, rules, later, timedelta(seconds=waited_s))


# The plan ----------------------------------------------------------------------------------------


def test_a_seed_is_a_plan(places: Places) -> None:
    plan, again, other = Plan(7, EVENTS, 140), Plan(7, EVENTS, 140), Plan(8, EVENTS, 140)
    assert plan.blows() == again.blows() != other.blows()
    assert arrivals(plan, places, FULL_PACE) == arrivals(again, places, FULL_PACE)
    assert arrivals(plan, places, FULL_PACE) != arrivals(other, places, FULL_PACE)


@pytest.mark.parametrize("seed", range(20))
def test_every_plan_strikes_as_often_as_was_promised(seed: int) -> None:
    plan = Plan(seed, EVENTS, 140)
    blows = plan.blows()
    assert plan.counted() == {kind.value: FULL[kind] for kind in Kind}
    assert plan.counted() | {"worker": 10, "zombie": 3, "postgres": 3} == plan.counted()
    assert plan.counted() | {"kafka": 2, "notifier": 5, "reassigned": 2} == plan.counted()
    assert all(FIRST * 140 <= blow.at_s <= LAST * 140 for blow in blows)
    assert all(blow.lasts_s > SESSION_TIMEOUT_S for blow in blows if blow.kind is Kind.ZOMBIE)


def test_the_events_are_as_hard_as_was_promised(places: Places) -> None:
    plan = Plan(3, EVENTS, 140)
    sent = arrivals(plan, places, FULL_PACE)
    assert EVENTS <= len(sent) < EVENTS * 1.02
    assert [each.send_ms for each in sent] == sorted(each.send_ms for each in sent)
    assert sent[0].send_ms >= 0
    assert sent[-1].send_ms < 140_000
    assert sent[-1].send_ms > 135_000, "they arrive over the whole time"
    of_identity = Counter((each.what.source, each.what.id) for each in sent)
    assert sum(n > 1 for n in of_identity.values()) > EVENTS * 0.015, "duplicates"
    assert len({each.refused for each in sent}) >= 6, "records that must be buried"
    assert {each.partition for each in sent} == {0, 1, 2, 3}
    late = [each for each in sent if each.send_ms - each.what.at_ms > 3_600_000]
    assert len(late) > EVENTS * 0.005
    assert any(each.what.data.get("state") == "alarm" for each in late), "too late to raise"
    assert any(each.by_api for each in sent)
    assert any(each.binary for each in sent)


def test_disorder_stays_within_what_a_rule_bears_or_is_far_beyond(places: Places) -> None:
    """Whether an event is too late must not hang on milliseconds."""
    traffic = Traffic(5, EVENTS, 140, places.ways(), FULL_PACE)
    lateness_s = {"crowd": 90, "loitering": 90, "tamper": 60}
    for each in Alarming(traffic).arrivals():
        data = each.what.data
        most_s = lateness_s.get(str(data.get("label", data.get("kind"))), 3600)
        late_s = (each.send_ms - each.what.at_ms) / 1000
        assert late_s >= 0
        assert not most_s - 4 < late_s < most_s + 4, (late_s, each)


def test_what_is_told_in_order_stays_in_order(places: Places) -> None:
    plan = Plan(4, EVENTS, 140)
    seen: dict[str, Arrival] = {}
    for each in arrivals(plan, places, FULL_PACE):
        name = each.what.device or each.what.data.get("report")
        late_s = (each.send_ms - each.what.at_ms) / 1000
        if each.what.source == "/alarm" and late_s < 3600 and "crowd" not in str(name):
            before = seen.get(str(name))
            if before is not None and before.what.id < each.what.id:
                assert before.partition == each.partition
                assert before.what.at_ms < each.what.at_ms
            seen[str(name)] = each


# The reference -----------------------------------------------------------------------------------


def test_the_reference_follows_an_alarm_step_by_step() -> None:
    over = copy_of(3, 9, state="restore")
    (told,) = judge(copy_of(1, 0), copy_of(2, 5), over, copy_of(4, 12))
    assert told.active
    assert told.occurrences is not None
    (one,) = told.occurrences
    assert (one.state, one.count, one.raised_at) == ("unacknowledged", 3, NOON)
    assert told.log == [
        ("raised", "normal", "unacknowledged", None),
        ("returned", "unacknowledged", "returned", NOON + timedelta(seconds=9)),
        ("raised", "returned", "unacknowledged", None),
    ]


def test_the_reference_promises_no_steps_where_order_is_not_kept() -> None:
    (told,) = judge(copy_of(1, 50), copy_of(2, 60, state="restore"), copy_of(3, 0, partition=1))
    assert told.log is None
    assert told.occurrences is not None
    (one,) = told.occurrences
    assert (one.state, one.count, one.raised_at) == ("returned", 2, NOON)


def test_the_reference_raises_nothing_for_what_is_too_late() -> None:
    assert judge(copy_of(1, 0, late_s=3601)) == []
    assert judge(copy_of(1, 0, late_s=3599)) != []


def test_the_reference_counts_a_copy_once() -> None:
    """One short of N stays short, however often each is said."""
    camera: dict[str, Any] = {"label": "crowd", "score": 0.9}
    seen = [
        replace(copy_of(number, number // 4, **camera), ce_id=f"{number // 4}", device=None)
        for number in range(12)
    ]
    seen = [replace(each, type="ioc.camera.alert") for each in seen]
    assert judge(*seen) == []
    fourth = replace(copy_of(12, 3, **camera), type="ioc.camera.alert")
    (told,) = judge(*seen, fourth)
    assert (told.rule.id, told.key, told.active) == ("chaos-crowd", "05443", False)
    assert told.log == [
        ("raised", "normal", "unacknowledged", None),
        ("returned", "unacknowledged", "returned", NOON + timedelta(seconds=33)),
    ]
    (told,) = judge(*seen, fourth, waited_s=30)
    assert told.log is None, "Kafka was away for as long as the silence lasts"


def test_the_reference_places_as_the_documents_say(places: Places) -> None:
    def place(area: str | None, **data: float) -> str:
        return places.of_many([{"area": area, "data": data}])[0]

    point = {"lat": 21.586112, "lon": 105.836192}
    assert place("01843", **point) == "01843", "a known code wins over the point"
    assert place(None, **point) == "05443"
    assert place("01834") == "01840", "a former code"
    assert place("PHƯỜNG NGUYỄN THỊ MINH KHAI") == "01840", "a former name"
    assert place("99999", **point) == "19", "an unknown one is kept under the province"
    assert place(None) == "19"
    assert place(None, lat=10.8, lon=106.7) == "19", "far away"


# The comparisons can fail ------------------------------------------------------------------------


def test_a_lost_a_doubled_and_a_changed_row_are_told() -> None:
    told = compare.of_mappings("rows", {"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 9, "d": 4})
    assert (told.rows, told.differences) == (3, 3)
    assert [example.split(":")[0] for example in told.examples] == ["missing", "too many", "'b'"]


def _alarm(*log: tuple[int, str, str, str, datetime | None], **changed: Any) -> compare.Alarm:
    there = compare.Alarm(
        *("id", "fire-alarm", "panel", NOON, ("/alarm", "1", NOON), "05443", "critical"),
        *("unacknowledged", True, False, 1),
        log=log or ((1, "raised", "normal", "unacknowledged", None),),
    )
    return replace(there, **changed)


@pytest.mark.parametrize(
    ("there", "differs"),
    [
        ([_alarm()], [0, 0]),
        ([], [1, 1]),
        ([_alarm(), _alarm()], [1, 1]),
        ([_alarm(count=2)], [1, 0]),
        ([_alarm(state="returned")], [1, 1]),
        ([_alarm(event=("/alarm", "2", NOON))], [1, 0]),
        ([_alarm((1, "raised", "normal", "unacknowledged", None), key="other")], [2, 1]),
        (
            [
                _alarm(
                    (1, "raised", "normal", "unacknowledged", None),
                    (2, "returned", "unacknowledged", "returned", NOON),
                    (3, "raised", "returned", "unacknowledged", None),
                )
            ],
            [0, 1],
        ),
    ],
)
def test_a_wrong_alarm_or_a_step_too_many_is_told(
    there: list[compare.Alarm], differs: list[int]
) -> None:
    found = compare.judged(judge(copy_of(1, 0)), there)
    assert [each.differences for each in found] == differs, found


def _webhook(id_: str, seq: int, secret: bytes, body_more: str = "") -> Received:
    body = json.dumps({"type": "alarm.raised", "data": {"alarm": {"id": "a"}, "log": {"seq": seq}}})
    stamp = str(round(NOON.timestamp()))
    text = f"{id_}.{stamp}.{body}".encode()
    signed = base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()
    headers = {
        "webhook-id": id_,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{signed}",
    }
    return Received(headers, (body + body_more).encode(), 200, 0.0)


def test_a_bad_signature_and_a_second_id_are_told() -> None:
    key = b"k" * 24
    secret = f"whsec_{base64.b64encode(key).decode()}"

    def differ(*received: Received) -> int:
        return compare.signed(received, secret, NOON).differences

    good = _webhook("one", 1, key)
    assert differ(good, good) == 0, "the same id may come again"
    assert differ(good, _webhook("two", 1, key)) == 1, "a second id for one transition"
    assert differ(good, _webhook("one", 2, key)) == 1, "one id for two transitions"
    assert differ(_webhook("one", 1, b"x" * 24)) == 1, "another secret"
    assert differ(_webhook("one", 1, key, " ")) == 1, "another body"
    late = compare.signed([good], secret, NOON + timedelta(minutes=6)).differences
    assert late == 1, "a stamp of another time"


def test_durations_fall_into_the_bin_that_holds_them() -> None:
    for took_ms in (1, 2, 50, 1_000, 61_234, 3_600_000):
        ended = NOON + timedelta(milliseconds=took_ms)
        ((cell, told),) = reference.cells(
            [(ended, "wait", "desk", "05443", timedelta(milliseconds=took_ms))]
        ).items()
        upper = reference.BIN_RATIO ** cell[4]
        assert upper / reference.BIN_RATIO < took_ms * (1 + 1e-12) <= upper * (1 + 1e-9)
        assert told == (1, took_ms)


# All of it, for a few seconds --------------------------------------------------------------------


def test_a_short_run_of_everything_comes_out_equal() -> None:
    some = {Kind.WORKER: 1, Kind.NOTIFIER: 1, Kind.POSTGRES: 1, Kind.ZOMBIE: 0}
    told: list[str] = []
    result = run(Plan(11, 4_000, 12.0, some), SHORT, told.append)
    assert result.differences == 0, [each for each in result.compared if each.differences]
    assert result.kills == {kind.value: some.get(kind, 0) for kind in Kind}
    assert result.rows > 20_000
    assert told
